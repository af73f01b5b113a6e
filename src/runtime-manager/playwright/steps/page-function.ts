import { Script } from 'node:vm';
import { StepError } from '../../operations/steps/step-error.ts';

/** The most that a value may have as JSON. */
export const MOST_VALUE_BYTES = 1_000_000;
/** What a page throws instead of sending more than that. */
export const TOO_LARGE = 'The result is larger than a value of a step may be';

/**
 * What Playwright takes for a function of that code: of functions, it sends nothing but their text.
 */
function functionOf(code: string): object {
  return Object.assign(() => undefined, { toString: () => code });
}

/**
 * What Playwright runs for an expression or a function. Statements stay a text, of which Playwright
 * takes the last value.
 */
export function pageFunction(source: string, isValue: boolean): object | string {
  const code = withoutSemicolons(source);
  if (syntaxProblem(`(\n${code}\n)`) !== undefined) return source;
  const run = `(($code) => typeof $code === 'function' ? $code(...$given) : $code)((\n${code}\n))`;
  return functionOf(isValue ? measured(run) : `(...$given) => ${run}`);
}

/** What Playwright runs for the body of an async function that has the parameter `args`. */
export function scriptFunction(body: string): object {
  const code = `(async (args) => {\n${body}\n})`;
  const problem = syntaxProblem(code);
  if (problem !== undefined) {
    throw new StepError('step_failed', `The source is not the body of a function: ${problem}`);
  }
  return functionOf(measured(`${code}(...$given)`));
}

/** Has the page itself refuse a result that is too large: the connection would end with it. */
function measured(run: string): string {
  return `async (...$given) => {
    const $result = await ${run};
    let $length = typeof $result === 'string' ? $result.length : 0;
    try { $length ||= JSON.stringify($result)?.length ?? 0; } catch {}
    if ($length > ${MOST_VALUE_BYTES}) throw new Error(${JSON.stringify(TOO_LARGE)});
    return $result;
  }`;
}

function withoutSemicolons(source: string): string {
  let code = source.trim();
  while (code.endsWith(';')) code = code.slice(0, -1).trimEnd();
  return code;
}

/** Compiles, and runs nothing. */
function syntaxProblem(code: string): string | undefined {
  try {
    void new Script(code);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
