import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ConnectionState } from '../connection-state.tsx';
import { CreateDialog } from '../create/create-dialog.tsx';
import { useMay } from '../scopes.ts';
import { loadWorkspaces } from '../workspaces.ts';
import { BulkBar } from './bulk-bar.tsx';
import { Filters } from './filters.tsx';
import { readSelection } from './selected-by-address.ts';
import { RuntimeList } from './runtime-list.ts';
import { ListView } from './list-view.ts';
import { Table } from './table.tsx';
import { Teaching } from './teaching.tsx';
import { Thumbnails } from './thumbnails.ts';

export function RuntimesPage() {
  const isCreating = useSignal(false);
  const view = useMemo(() => new ListView(new RuntimeList(readSelection())), []);
  const thumbnails = useMemo(() => new Thumbnails(), []);
  const { list } = view;
  const may = useMay();
  useEffect(() => {
    document.title = 'Runtimes · bctrl';
    void loadWorkspaces();
    return () => {
      list.close();
      thumbnails.close();
    };
  }, []);
  return (
    <main class="page list-page">
      <div class="page-head">
        <h1 tabIndex={-1}>Runtimes</h1>
        <ConnectionState stream={list.stream} />
        {may('runtimes:write') && (
          <button class="primary" type="button" onClick={() => (isCreating.value = true)}>
            New runtime
          </button>
        )}
      </div>
      <Filters view={view} />
      <Content view={view} thumbnails={thumbnails} />
      <BulkBar view={view} />
      {isCreating.value && <CreateDialog onClose={() => (isCreating.value = false)} />}
    </main>
  );
}

function Content({ view, thumbnails }: { view: ListView; thumbnails: Thumbnails }) {
  const { list } = view;
  if (list.state.value === 'failed') {
    return (
      <div class="notice" role="alert">
        <p>The runtimes could not be loaded. {list.error.value}</p>
        <button class="framed" type="button" onClick={() => void list.load()}>
          Try again
        </button>
      </div>
    );
  }
  if (list.state.value === 'loading') return <p class="notice dim">Loading…</p>;
  if (list.rows.value.length > 0) return <Table view={view} thumbnails={thumbnails} />;
  const { workspace, status } = readSelection();
  if (workspace === '' && status === '') return <Teaching />;
  return <p class="notice dim">There is no such runtime. Other filters show others.</p>;
}
