import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { pagesOf } from '../api.ts';
import type { Workspace, Workspaces } from '../contract.ts';
import { currentSession } from '../current-session.ts';
import { ListContent } from '../list-content.tsx';
import { Listed } from '../listed.ts';
import { ListingTable } from '../listing-table.tsx';
import { useMay } from '../scopes.ts';
import { Section } from '../section.tsx';
import { loadWorkspaces } from '../workspaces.ts';
import { NewWorkspace } from './new-workspace.tsx';
import { WorkspaceRow } from './workspace-row.tsx';

const openList = () =>
  Listed.open(
    (signal) => pagesOf<Workspaces>('/v1/workspaces', { signal }),
    ({ workspaces }) => workspaces,
  );

export function WorkspacesSection() {
  const list = useMemo(openList, []);
  const isCreating = useSignal(false);
  useEffect(() => () => list.close(), []);
  // Other pages have their names, too.
  const onChange = async () => {
    await Promise.all([list.load(), loadWorkspaces()]);
  };
  // A key that is limited to workspaces creates none.
  const mayCreate = useMay()('workspaces:write') && !currentSession.value?.workspaceIds;
  const create = mayCreate && (
    <button class="primary" type="button" onClick={() => (isCreating.value = true)}>
      New workspace
    </button>
  );
  return (
    <Section title="Workspaces" aside={create}>
      <p class="dim">
        A workspace keeps runtimes apart: aliases are its own, and a key can be limited to it. Its
        runtimes keep files in the storage namespace that it mounts.
      </p>
      <ListContent list={list} what="workspaces" empty={<p class="dim">There is none yet.</p>}>
        <Table workspaces={list.rows.value} onChange={onChange} />
      </ListContent>
      {isCreating.value && (
        <NewWorkspace onMade={onChange} onClose={() => (isCreating.value = false)} />
      )}
    </Section>
  );
}

interface TableProps {
  workspaces: Workspace[];
  onChange: () => Promise<void>;
}

function Table({ workspaces, onChange }: TableProps) {
  return (
    <ListingTable
      caption="Workspaces"
      className="workspaces"
      columns={['Name', 'Storage', ['Created', 'less'], ['Actions', 'act']]}
    >
      {workspaces.map((workspace) => (
        <WorkspaceRow key={workspace.id} workspace={workspace} onChange={onChange} />
      ))}
    </ListingTable>
  );
}
