import type { Extension } from '../contract.ts';
import type { Listed } from '../listed.ts';
import { ListingTable } from '../listing-table.tsx';
import { hrefOf } from '../route.ts';
import { useMay } from '../scopes.ts';
import { since, bytes, written } from '../times.ts';
import { removeExtension } from './remove.ts';

export function Table({ list }: { list: Listed<Extension> }) {
  return (
    <ListingTable
      caption="Extensions"
      className="extensions"
      columns={['Name', 'Tried out', ['Size', 'number less'], ['Added', 'less'], ['Action', 'act']]}
    >
      {list.rows.value.map((extension) => (
        <Row key={extension.id} extension={extension} list={list} />
      ))}
    </ListingTable>
  );
}

function Row({ extension, list }: { extension: Extension; list: Listed<Extension> }) {
  const { id, name, version, manifestVersion, sizeBytes, warnings, createdAt } = extension;
  const may = useMay();
  const count = warnings.length;
  const remove = async () => {
    if (await removeExtension(extension)) list.remove(id);
  };
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <a href={hrefOf('extensions', id)}>{name}</a>
          <span class="dim">
            {version}, manifest {manifestVersion}
          </span>
        </span>
      </th>
      <td>
        {count === 0 ? (
          <span class="state-word" data-state="running">
            Works
          </span>
        ) : (
          <span class="state-word warned" data-state="changing">
            {count === 1 ? '1 warning' : `${count} warnings`}
          </span>
        )}
      </td>
      <td class="number less">{bytes(sizeBytes)}</td>
      <td class="less" title={written(createdAt)}>
        {since(createdAt)}
      </td>
      <td class="act">
        {may('extensions:write') && (
          <button class="framed danger" type="button" onClick={() => void remove()}>
            Delete<span class="unseen"> {name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}
