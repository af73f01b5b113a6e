import { FileRow } from './file-row.tsx';
import { FolderRow } from './folder-row.tsx';
import type { FolderView } from './folder-view.ts';

export function Table({ view }: { view: FolderView }) {
  return (
    <table class="listing files">
      <caption class="unseen">Files</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col" class="number less">
            Size
          </th>
          <th scope="col" class="less">
            From
          </th>
          <th scope="col" class="less">
            Stored
          </th>
          <th scope="col" class="act">
            <span class="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {view.list.rows.value.map((entry) =>
          'file' in entry ? (
            <FileRow key={entry.id} file={entry.file} view={view} />
          ) : (
            <FolderRow key={entry.id} folder={entry.folder} view={view} />
          ),
        )}
      </tbody>
    </table>
  );
}
