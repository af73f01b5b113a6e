import { hrefOf } from '../route.ts';
import type { FolderView } from './folder-view.ts';
import { ZipLink } from './zip-link.tsx';

interface FolderRowProps {
  /** Its whole path, with a slash at its end. */
  folder: string;
  view: FolderView;
}

export function FolderRow({ folder, view }: FolderRowProps) {
  const parts = folder.slice(0, -1).split('/');
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <a href={hrefOf('storage', view.namespace, ...parts)}>{parts.at(-1)}/</a>
          <span class="dim">folder</span>
        </span>
      </th>
      <td class="number less" />
      <td class="less" />
      <td class="less" />
      <td class="act">
        <div class="buttons">
          <ZipLink view={view} folder={folder} />
        </div>
      </td>
    </tr>
  );
}
