import { useSignal } from '@preact/signals';
import { prefix } from '../route.ts';
import { useMay } from '../scopes.ts';
import type { StoredFile } from '../storage/contract.ts';
import { since, bytes, written } from '../times.ts';
import type { FolderView } from './folder-view.ts';
import { MoveDialog } from './move-dialog.tsx';
import { removeFile } from './questions.ts';

const SOURCES: Record<StoredFile['source'], string> = {
  download: 'a download',
  upload: 'an upload',
  export: 'an export',
  recording: 'a recording',
};

interface FileRowProps {
  file: StoredFile;
  view: FolderView;
}

export function FileRow({ file, view }: FileRowProps) {
  const { id, name, contentType, sizeBytes, source, createdAt } = file;
  const may = useMay();
  const content = `${prefix}${view.path}/files/${id}/content`;
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <a href={content} download={name}>
            {name}
          </a>
          <span class="dim">
            <span class="when-narrow">{bytes(sizeBytes)}, </span>
            {contentType}
          </span>
        </span>
      </th>
      <td class="number less">{bytes(sizeBytes)}</td>
      <td class="less">{SOURCES[source]}</td>
      <td class="less" title={written(createdAt)}>
        {since(createdAt)}
      </td>
      <td class="act">
        <div class="buttons">
          {/* On a phone the name is the link. */}
          <a class="framed less" href={content} download={name}>
            Download<span class="unseen"> {name}</span>
          </a>
          {may('files:write') && <Buttons file={file} view={view} />}
        </div>
      </td>
    </tr>
  );
}

function Buttons({ file, view }: FileRowProps) {
  const isMoving = useSignal(false);
  const remove = async () => {
    if (await removeFile(view.path, file)) view.list.remove(file.id);
  };
  const of = <span class="unseen"> {file.name}</span>;
  return (
    <>
      <button class="framed" type="button" onClick={() => (isMoving.value = true)}>
        Move{of}
      </button>
      <button class="framed danger" type="button" onClick={() => void remove()}>
        Delete{of}
      </button>
      {isMoving.value && (
        <MoveDialog file={file} view={view} onClose={() => (isMoving.value = false)} />
      )}
    </>
  );
}
