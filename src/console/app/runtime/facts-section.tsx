import type { ComponentChildren } from 'preact';
import type { Runtime } from '../contract.ts';
import { Facts } from '../facts.tsx';
import { hrefOf } from '../route.ts';
import { bytes, durationOf, now, ordinal, written } from '../times.ts';
import { nameOfWorkspace } from '../workspaces.ts';
import { Section } from '../section.tsx';

/** What it is, and what it used since its last start. */
export function FactsSection({ runtime }: { runtime: Runtime }) {
  const { usage, summary, extensions, startedAt, expiresAt } = runtime;
  const end = runtime.stoppedAt ? Date.parse(runtime.stoppedAt) : now.value;
  const facts: [name: string, value: ComponentChildren][] = [
    [
      runtime.status === 'active' ? 'Up for' : 'Ran for',
      startedAt && durationOf(end - Date.parse(startedAt)),
    ],
    ['Network connections', String(usage.connections)],
    ['Received', bytes(usage.bytesIn)],
    ['Sent', bytes(usage.bytesOut)],
    ['Workspace', nameOfWorkspace(runtime.workspaceId)],
    ['State', summary?.launchMode],
    ['Profile', summary?.profileId && <ProfileLink id={summary.profileId} />],
    ['Run', ordinal(runtime.generation)],
    ['Started', startedAt && written(startedAt)],
    ['Hard limit', runtime.status === 'active' && expiresAt ? written(expiresAt) : null],
    ['Idle limit', durationOf(runtime.idleTimeoutSeconds * 1000)],
    ['Extensions', extensions.map(({ name, version }) => `${name} ${version}`).join(', ')],
    ['Id', runtime.id],
  ];
  return (
    <Section title="Usage and details">
      {runtime.warnings?.map(({ code, message }) => (
        <p key={code} class="warning">
          {message}
        </p>
      ))}
      <Facts facts={facts} />
    </Section>
  );
}

function ProfileLink({ id }: { id: string }) {
  return <a href={hrefOf('profiles', id)}>{id.slice(0, 8)}</a>;
}
