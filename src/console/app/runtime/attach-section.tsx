import { LIBRARIES, withoutTickets } from '../attach-lines.ts';
import { CodeTabs } from '../code-tabs.tsx';
import type { Runtime } from '../contract.ts';
import { Needed } from '../not-allowed.tsx';
import { isRunning } from '../words.ts';
import { Section } from '../section.tsx';

/** How programs attach, made of the runtime's own addresses. */
export function AttachSection({ runtime }: { runtime: Runtime }) {
  const { connection } = runtime;
  if (!connection) {
    return (
      <Section title="Attach a program">
        <p class="dim">
          {isRunning(runtime) ? (
            <Needed scopes={['runtimes:connect']} />
          ) : (
            'While the runtime runs, the code for each library is shown here.'
          )}
        </p>
      </Section>
    );
  }
  const all = LIBRARIES.map(({ name, attach }) => {
    const lines = attach(connection);
    return { name, lines, shown: withoutTickets(lines) };
  });
  return (
    <Section title="Attach a program">
      <CodeTabs label="Library" all={all} />
      <p class="dim">
        The copied code contains the whole address. Whoever has it can drive this browser, so keep
        it secret.
      </p>
    </Section>
  );
}
