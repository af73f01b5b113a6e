import { RECORDING_LABELS } from '../recording-words.ts';
import { workspaces } from '../workspaces.ts';
import type { RecordingsView, Status } from './recordings-view.ts';

const STATUSES: [Status, string][] = [
  ['', 'All'],
  ...RECORDING_LABELS.map((label): [Status, string] => [label, label]),
];

export function Filters({ view }: { view: RecordingsView }) {
  const { length } = view.shown.value;
  const hasMore = view.list.hasMore.value;
  return (
    <div class="filters" role="search" aria-label="Recordings">
      <input
        type="search"
        placeholder="Filter by alias, id, workspace…"
        aria-label="Filter by text"
        value={view.text.value}
        onInput={({ currentTarget }) => (view.text.value = currentTarget.value)}
      />
      <fieldset class="segments">
        <legend class="unseen">Status</legend>
        {STATUSES.map(([value, name]) => (
          <label key={value}>
            <input
              type="radio"
              name="status"
              checked={view.status.value === value}
              onChange={() => (view.status.value = value)}
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <select
        aria-label="Workspace"
        value={view.workspace.value}
        onChange={({ currentTarget }) => (view.workspace.value = currentTarget.value)}
      >
        <option value="">All workspaces</option>
        {workspaces.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <span class="dim shown-count" role="status">
        {length === 1 && !hasMore ? '1 recording' : `${length}${hasMore ? '+' : ''} recordings`}
      </span>
    </div>
  );
}
