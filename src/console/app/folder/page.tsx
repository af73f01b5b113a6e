import { useEffect, useMemo } from 'preact/hooks';
import { ListContent } from '../list-content.tsx';
import { hrefOf } from '../route.ts';
import { useMay } from '../scopes.ts';
import { DropZone } from '../uploads/drop-zone.tsx';
import { UploadList } from '../uploads/upload-list.tsx';
import { FolderView } from './folder-view.ts';
import { Table } from './table.tsx';
import { Teaching } from './teaching.tsx';
import { ZipLink } from './zip-link.tsx';

interface FolderPageProps {
  namespace: string;
  /** The folder, from the outermost one on; empty: the namespace itself. */
  folders: string[];
}

export function FolderPage({ namespace, folders }: FolderPageProps) {
  const view = useMemo(() => new FolderView(namespace, folders), []);
  const may = useMay();
  const { list, uploads } = view;
  useEffect(() => {
    document.title = `${[namespace, ...folders].join('/')} · bctrl`;
    return () => view.close();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <Way namespace={namespace} folders={folders} />
        {list.rows.value.length > 0 && <ZipLink view={view} folder={view.prefix} />}
      </div>
      {may('files:write') && (
        <section aria-label="Upload">
          <DropZone
            wanted="files"
            hint={`They are stored in ${[namespace, ...folders].join('/')}.`}
            isMultiple
            onFiles={(files) => uploads.add(files)}
          />
          <UploadList
            uploads={uploads}
            during="The service stores the rest…"
            outcomeOf={({ path }) => (
              <p class="dim">
                Stored as <code>{path}</code>
              </p>
            )}
          />
        </section>
      )}
      <ListContent list={list} what="files" empty={<Teaching view={view} />}>
        <Table view={view} />
      </ListContent>
    </main>
  );
}

/** The folders on the way to this one, whose name is the heading. */
function Way({ namespace, folders }: FolderPageProps) {
  const way = [namespace, ...folders];
  return (
    <>
      <nav class="way" aria-label="Folders">
        <a href={hrefOf('storage')}>Storage</a>
        {way.slice(0, -1).map((folder, i) => (
          <span key={folder + String(i)}>
            {' / '}
            <a href={hrefOf('storage', ...way.slice(0, i + 1))}>{folder}</a>
          </span>
        ))}
      </nav>
      <h1 tabIndex={-1}>{way.at(-1)}</h1>
    </>
  );
}
