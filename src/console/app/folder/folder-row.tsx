import { hrefOf } from '../route.ts';

interface FolderRowProps {
  /** Its whole path, with a slash at its end. */
  folder: string;
  namespace: string;
}

export function FolderRow({ folder, namespace }: FolderRowProps) {
  const parts = folder.slice(0, -1).split('/');
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf('storage', namespace, ...parts)}>{parts.at(-1)}/</a>
      </th>
      <td class="number less" />
      <td class="less dim">folder</td>
      <td class="less" />
      <td class="act" />
    </tr>
  );
}
