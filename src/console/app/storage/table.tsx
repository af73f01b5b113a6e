import type { Listed } from '../listed.ts';
import { ListingTable } from '../listing-table.tsx';
import { hrefOf } from '../route.ts';
import { useMay } from '../scopes.ts';
import { since, written } from '../times.ts';
import { workspaces } from '../workspaces.ts';
import type { Namespace } from './contract.ts';
import { removeNamespace } from './remove.ts';

type List = Listed<Namespace>;

export function Table({ list }: { list: List }) {
  return (
    <ListingTable
      caption="Namespaces"
      className="namespaces"
      columns={['Namespace', 'Mounted by', ['Created', 'less'], ['Action', 'act']]}
    >
      {list.rows.value.map((namespace) => (
        <Row key={namespace.id} namespace={namespace} list={list} />
      ))}
    </ListingTable>
  );
}

function Row({ namespace, list }: { namespace: Namespace; list: List }) {
  const { id, name, createdAt } = namespace;
  const may = useMay();
  const mounting = workspaces.value.filter(({ mounts }) => mounts.storage?.workspace === name);
  const remove = async () => {
    if (await removeNamespace(namespace)) list.remove(id);
  };
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf('storage', name)}>{name}</a>
      </th>
      <td class="open-in">
        {mounting.length === 0 ? (
          <span class="dim">no workspace</span>
        ) : (
          mounting.map((one) => one.name).join(', ')
        )}
      </td>
      <td class="less" title={written(createdAt)}>
        {since(createdAt)}
      </td>
      <td class="act">
        {may('files:write') && (
          <button class="framed danger" type="button" onClick={() => void remove()}>
            Delete<span class="unseen"> {name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}
