import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Connection, Connections } from '../contract.ts';
import { useMay } from '../scopes.ts';
import { since, written } from '../times.ts';
import { toast } from '../toasts.tsx';
import { useLoaded } from './loaded.ts';
import type { RuntimeView } from './runtime-view.ts';
import { Section } from '../section.tsx';

export function ConnectionsSection({ view }: { view: RuntimeView }) {
  const path = `${view.path}/connections`;
  const { connections, life } = view.changes;
  const { value, error, load } = useLoaded<Connections>(path, connections, life);
  const all = value.value?.connections ?? [];
  const programs = all
    .filter(({ protocol }) => protocol !== 'live')
    .reduce((sum, { attachedClients }) => sum + attachedClients, 0);
  const mayRevoke = useMay()('runtimes:connect');
  const revoke = async ({ id, protocol, attachedClients }: Connection) => {
    const text =
      attachedClients === 0
        ? 'Nobody can connect with its address any more.'
        : `Nobody can connect with its address any more, and ${attachedClients} attached now are disconnected.`;
    const title = `Revoke this ${protocol} connection?`;
    if (!(await confirm({ title, text, verb: 'Revoke' }))) return;
    try {
      await call('DELETE', `${path}/${id}`);
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
    }
    await load();
  };
  return (
    <Section title="Connections" aside={<span class="dim">{wordsOf(programs)}</span>}>
      {error.value && <p class="wrong">{error.value}</p>}
      {all.length === 0 && !error.value && (
        <p class="dim">None now. A runtime has connection addresses while it runs.</p>
      )}
      <ul class="lines">
        {all.map((connection) => (
          <li key={connection.id}>
            <span class="two">
              <span>
                {connection.protocol === 'live' ? 'Live view' : connection.protocol}
                {connection.access === 'observe' && ', view only'}
                {attachedTo(connection)}
              </span>
              <span class="dim">{aboutOf(connection)}</span>
            </span>
            {mayRevoke && (
              <button class="framed danger" type="button" onClick={() => void revoke(connection)}>
                Revoke<span class="unseen"> {connection.protocol}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function wordsOf(programs: number): string {
  if (programs === 0) return 'no program attached';
  return programs === 1 ? '1 program attached' : `${programs} programs attached`;
}

/** People who watch are no programs. */
function attachedTo({ protocol, attachedClients }: Connection): string {
  if (attachedClients === 0) return '';
  const who = protocol === 'live' ? 'watching, this page among them' : 'attached';
  return `, ${attachedClients} ${who}`;
}

function aboutOf({ lastActivityAt, expiresAt }: Connection): string {
  const used = lastActivityAt ? `used ${since(lastActivityAt)}` : 'not used yet';
  return expiresAt ? `${used}, valid until ${written(expiresAt)}` : used;
}
