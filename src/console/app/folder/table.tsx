import { ListingTable } from '../listing-table.tsx';
import { FileRow } from './file-row.tsx';
import { FolderRow } from './folder-row.tsx';
import type { FolderView } from './folder-view.ts';

export function Table({ view }: { view: FolderView }) {
  return (
    <ListingTable
      caption="Files"
      className="files"
      columns={[
        'Name',
        ['Size', 'number less'],
        ['From', 'less'],
        ['Stored', 'less'],
        ['Actions', 'act'],
      ]}
    >
      {view.list.rows.value.map((entry) =>
        'file' in entry ? (
          <FileRow key={entry.id} file={entry.file} view={view} />
        ) : (
          <FolderRow key={entry.id} folder={entry.folder} view={view} />
        ),
      )}
    </ListingTable>
  );
}
