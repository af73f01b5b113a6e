import type { ComponentChildren } from 'preact';
import type { Recording } from '../contract.ts';
import { Facts } from '../facts.tsx';
import { hrefOf } from '../route.ts';
import { Section } from '../section.tsx';
import { bytes, clockOf, written } from '../times.ts';
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
    ['Start of the runtime', String(recording.generation)],
    ['While a person drove', options.pauseWhileHumanDrives ? 'paused' : 'recorded'],
    ['Queries of addresses', options.keepQueries ? 'kept' : 'cut'],
    ['Console and failed requests', options.diagnostics ? 'kept' : 'not observed'],
  ];
  return (
    <Section title="Details">
      <Facts facts={facts} />
    </Section>
  );
}
