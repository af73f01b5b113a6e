import { useSignal } from '@preact/signals';
import { workspaces } from '../workspaces.ts';
import type { ListView } from './list-view.ts';
import { readSelection, statusIn, writeSelection } from './selected-by-address.ts';

const STATUSES = [
  ['', 'All'],
  ['active', 'Active'],
  ['stopped', 'Stopped'],
  ['failed', 'Failed'],
] as const;

export function Filters({ view }: { view: ListView }) {
  const selection = useSignal(readSelection());
  const { workspace, status } = selection.value;
  const select = (change: Partial<typeof selection.value>) => {
    selection.value = { ...selection.value, ...change };
    writeSelection(selection.value);
    view.list.select(selection.value);
  };
  const { length } = view.shown.value;
  return (
    <div class="filters" role="search" aria-label="Runtimes">
      <input
        id="search"
        type="search"
        placeholder="Filter by alias, id, driver, reason…"
        aria-label="Filter by text"
        onInput={({ currentTarget }) => (view.text.value = currentTarget.value)}
      />
      <fieldset class="segments">
        <legend class="unseen">Status</legend>
        {STATUSES.map(([value, name]) => (
          <label key={value}>
            <input
              type="radio"
              name="status"
              checked={status === value}
              onChange={() => select({ status: statusIn(value) })}
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <select
        aria-label="Workspace"
        value={workspace}
        onChange={({ currentTarget }) => select({ workspace: currentTarget.value })}
      >
        <option value="">All workspaces</option>
        {workspaces.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <span class="dim shown-count" role="status">
        {length === 1 ? '1 runtime' : `${length}${view.list.hasMore.value ? '+' : ''} runtimes`}
      </span>
    </div>
  );
}
