import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { pagesOf } from '../api.ts';
import { ListContent } from '../list-content.tsx';
import { Listed } from '../listed.ts';
import { useMay } from '../scopes.ts';
import { loadWorkspaces } from '../workspaces.ts';
import type { Namespaces } from './contract.ts';
import { NewNamespace } from './new-namespace.tsx';
import { Table } from './table.tsx';
import { Teaching } from './teaching.tsx';
import { UsageLine } from './usage-line.tsx';

/** Opens what the page shows. */
function openView() {
  const usage = signal<Namespaces['usage'] | undefined>(undefined);
  const list = Listed.open(
    (gone) => pagesOf<Namespaces>('/v1/storage', { signal: gone }),
    (page) => {
      usage.value = page.usage;
      return page.namespaces;
    },
  );
  return { list, usage };
}

export function StoragePage() {
  const { list, usage } = useMemo(openView, []);
  const may = useMay();
  const isCreating = useSignal(false);
  useEffect(() => {
    document.title = 'Storage · bctrl';
    if (may('workspaces:read')) void loadWorkspaces();
    return () => list.close();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Storage</h1>
        {may('files:write') && (
          <button class="primary" type="button" onClick={() => (isCreating.value = true)}>
            New namespace
          </button>
        )}
      </div>
      <UsageLine usage={usage.value} />
      <ListContent list={list} what="namespaces" empty={<Teaching />}>
        <Table list={list} />
      </ListContent>
      {isCreating.value && <NewNamespace onClose={() => (isCreating.value = false)} />}
    </main>
  );
}
