import type { ClientLLM } from '@browserbasehq/stagehand';

/**
 * A model as Stagehand asks one: it gets an instruction with the page's accessibility tree, and
 * answers which element to act on, and how. It understands two sentences, and is no server because
 * Stagehand 4 takes no address of one.
 */
export const modelStandIn: ClientLLM = {
  generate: async ({ messages }) => ({
    role: 'assistant',
    content: { type: 'text', text: '' },
    outputFormat: 'json_schema',
    structuredContent: { action: actionFor(textOf(messages)), twoStep: false },
  }),
};

type Messages = Parameters<ClientLLM['generate']>[0]['messages'];

function textOf(messages: Messages): string {
  return messages
    .flatMap(({ content }) => content)
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n');
}

/** Null is how a model says that there is no such element. */
function actionFor(prompt: string) {
  const [, text, field] =
    /following action: type "(.*?)" into the (.*?) field\./.exec(prompt) ?? [];
  if (text !== undefined && field !== undefined) {
    return onElement(prompt, { role: 'textbox', name: field }, 'fill', [text]);
  }
  const [, button] = /following action: click the (.*?) button\./.exec(prompt) ?? [];
  return button === undefined
    ? null
    : onElement(prompt, { role: 'button', name: button }, 'click', []);
}

/** The tree has a line `[0-13] button: Greet` for each element. */
function onElement(
  prompt: string,
  { role, name }: { role: string; name: string },
  method: string,
  args: string[],
) {
  const tree = prompt.slice(prompt.lastIndexOf('Accessibility Tree:'));
  const elements = [...tree.matchAll(/^\s*\[(\d+-\d+)\] ([^:\n]+): (.*)$/gm)];
  const [, elementId] =
    elements.find(([, , itsRole, itsName]) => {
      return itsRole === role && itsName?.toLowerCase() === name.toLowerCase();
    }) ?? [];
  if (elementId === undefined) return null;
  return { elementId, description: `the ${role} ${name}`, method, arguments: args };
}
