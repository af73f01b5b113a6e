import type { RecordingSummary } from '../contract.ts';
import { ListingTable } from '../listing-table.tsx';
import { recordingStateOf } from '../recording-words.ts';
import { hrefOf } from '../route.ts';
import { since, bytes, clockOf, written } from '../times.ts';
import { nameOfWorkspace } from '../workspaces.ts';
import type { RecordingsView } from './recordings-view.ts';

export function Table({ view }: { view: RecordingsView }) {
  const rows = view.shown.value;
  if (rows.length === 0) return <p class="notice dim">Nothing that is loaded fits the filters.</p>;
  return (
    <ListingTable
      caption="Recordings"
      className="recordings"
      columns={['Runtime', 'Status', 'Began', ['Length', 'number'], ['Size', 'number less']]}
    >
      {rows.map((recording) => (
        <Row key={recording.id} recording={recording} />
      ))}
    </ListingTable>
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
      <td title={written(startedAt)}>{since(startedAt)}</td>
      <td class="number">{clockOf(durationMs)}</td>
      <td class="number less">{bytes(sizeBytes)}</td>
    </tr>
  );
}
