import { useEffect, useMemo } from 'preact/hooks';
import { ListContent } from '../list-content.tsx';
import { loadWorkspaces } from '../workspaces.ts';
import { Filters } from './filters.tsx';
import { RecordingsView } from './recordings-view.ts';
import { Table } from './table.tsx';
import { Teaching } from './teaching.tsx';

export function RecordingsPage() {
  const view = useMemo(() => new RecordingsView(), []);
  useEffect(() => {
    document.title = 'Recordings · bctrl';
    void loadWorkspaces();
    return () => view.close();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Recordings</h1>
      </div>
      <ListContent list={view.list} what="recordings" empty={<Teaching />}>
        <Filters view={view} />
        <Table view={view} />
      </ListContent>
    </main>
  );
}
