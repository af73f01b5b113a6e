import type { ComponentChildren } from 'preact';
import type { Recording } from '../contract.ts';
import { Facts } from '../facts.tsx';
import { hrefOf } from '../route.ts';
import { Section } from '../section.tsx';
import { bytes, clockOf, ordinal, written } from '../times.ts';
import { nameOfWorkspace } from '../workspaces.ts';

/** What was recorded, and how. */
export function DetailsSection({ recording }: { recording: Recording }) {
  const { alias, workspaceId, runtimeId, startedAt, endedAt, options } = recording;
  const facts: [name: string, value: ComponentChildren][] = [
    ['Runtime', <a href={hrefOf('runtimes', workspaceId, runtimeId)}>{alias}</a>],
    ['Length', clockOf(recording.durationMs)],
    ['Size', bytes(recording.sizeBytes)],
    ['Began', written(startedAt)],
    ['Ended', endedAt === null ? 'not yet' : written(endedAt)],
    ['Workspace', nameOfWorkspace(workspaceId)],
    ['Run', ordinal(recording.generation)],
    ['Manual control', options.pauseWhileHumanDrives ? 'not recorded' : 'recorded'],
    ['URL query strings', options.keepQueries ? 'kept' : 'removed'],
    ['Console and failed requests', options.diagnostics ? 'recorded' : 'not recorded'],
  ];
  return (
    <Section title="Details">
      <Facts facts={facts} />
    </Section>
  );
}
