import type { RecordingSummary } from '../contract.ts';
import { recordingStateOf } from '../recording-words.ts';
import { hrefOf } from '../route.ts';
import { ago, bytes, clockOf, written } from '../times.ts';
import { nameOfWorkspace } from '../workspaces.ts';
import type { RecordingsView } from './recordings-view.ts';

export function Table({ view }: { view: RecordingsView }) {
  const rows = view.shown.value;
  if (rows.length === 0) return <p class="notice dim">Nothing that is loaded fits the filters.</p>;
  return (
    <table class="listing recordings">
      <caption class="unseen">Recordings</caption>
      <thead>
        <tr>
          <th scope="col">Runtime</th>
          <th scope="col">Status</th>
          <th scope="col">Began</th>
          <th scope="col" class="number">
            Length
          </th>
          <th scope="col" class="number less">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((recording) => (
          <Row key={recording.id} recording={recording} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ recording }: { recording: RecordingSummary }) {
  const { id, alias, workspaceId, generation, startedAt, durationMs, sizeBytes } = recording;
  const { name, label, detail } = recordingStateOf(recording);
  const run = generation === 1 ? '' : `, run ${generation}`;
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <a href={hrefOf('recordings', id)}>{alias}</a>
          <span class="dim">{nameOfWorkspace(workspaceId) + run}</span>
        </span>
      </th>
      <td title={detail}>
        <span class="state-word" data-state={name}>
          {label}
        </span>
      </td>
      <td title={written(startedAt)}>{ago(startedAt)} ago</td>
      <td class="number">{clockOf(durationMs)}</td>
      <td class="number less">{bytes(sizeBytes)}</td>
    </tr>
  );
}
