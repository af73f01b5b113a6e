import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { pagesOf } from '../api.ts';
import type { Extension } from '../contract.ts';
import { ListContent } from '../list-content.tsx';
import { Listed } from '../listed.ts';
import { useMay } from '../scopes.ts';
import { upload } from '../upload.ts';
import { Uploads } from '../uploads/uploads.ts';
import { ImportSection } from './import-section.tsx';
import { StoreDialog } from './store-dialog.tsx';
import { Table } from './table.tsx';
import { Teaching } from './teaching.tsx';

interface Page {
  extensions: Extension[];
  nextCursor?: string;
}

/** Opens what the page shows; `close` ends it. */
function openView() {
  const list = Listed.open(
    (signal) => pagesOf<Page>('/v1/browser-extensions', { signal }),
    ({ extensions }) => extensions,
  );
  const uploads = new Uploads<Extension>(async (file, sending) => {
    const body = new FormData();
    body.set('file', file);
    const path = '/v1/browser-extensions/upload';
    const extension = await upload<Extension>({ method: 'POST', path, body }, sending);
    list.put(extension);
    return extension;
  });
  const close = () => {
    list.close();
    uploads.close();
  };
  return { list, uploads, close };
}

export function ExtensionsPage() {
  const view = useMemo(openView, []);
  const may = useMay();
  const isAdding = useSignal(false);
  useEffect(() => {
    document.title = 'Extensions · bctrl';
    return () => view.close();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Extensions</h1>
        {may('extensions:write') && (
          <button class="framed" type="button" onClick={() => (isAdding.value = true)}>
            Add from an address
          </button>
        )}
      </div>
      {may('extensions:write') && <ImportSection uploads={view.uploads} />}
      <ListContent list={view.list} what="extensions" empty={<Teaching />}>
        <Table list={view.list} />
      </ListContent>
      {isAdding.value && <StoreDialog onClose={() => (isAdding.value = false)} />}
    </main>
  );
}
