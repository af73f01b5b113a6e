import type { Capacity, ServiceNode } from '../contract.ts';
import { ListingTable } from '../listing-table.tsx';
import { Section } from '../section.tsx';
import { ago, bytes } from '../times.ts';
import { DrainButton } from './drain-button.tsx';
import type { Figures } from './figures.ts';

/** The processes of the service, and what each has room for. */
export function NodeList({ figures }: { figures: Figures }) {
  const now = figures.now.value;
  return (
    <Section title="Nodes">
      <p class="dim">
        A node that is drained takes no new runtimes. Those that it has go on until they end, or
        until the time limit of a drain. Drain a node before you update or remove its machine.
      </p>
      <ListingTable
        caption="Nodes"
        className="nodes"
        columns={[
          'Node',
          ['Role', 'less'],
          'Runtimes',
          ['Memory', 'less'],
          ['Version', 'less'],
          ['Up for', 'less'],
          ['Action', 'act'],
        ]}
      >
        {figures.nodes.value.map((node) => {
          const own = now?.nodes.find(({ nodeId }) => nodeId === node.id);
          return <NodeRow key={node.id} node={node} capacity={own?.capacity} figures={figures} />;
        })}
      </ListingTable>
    </Section>
  );
}

interface NodeRowProps {
  node: ServiceNode;
  /** Undefined: it has no browsers. */
  capacity: Capacity | undefined;
  figures: Figures;
}

function NodeRow({ node, capacity, figures }: NodeRowProps) {
  const { id, role, state, build, startedAt, membership } = node;
  const isDraining = state === 'draining';
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <b>{membership?.address ?? id.slice(0, 8)}</b>
          <span class="state-word" data-state={isDraining ? 'changing' : 'running'}>
            {isDraining ? 'Draining' : 'Up'}
          </span>
        </span>
      </th>
      <td class="less">{role}</td>
      <td>
        {capacity && (
          <span class="two">
            <span>
              {capacity.active} of {capacity.slots}
            </span>
            <span class="dim">{capacity.pool.warm} ready</span>
          </span>
        )}
      </td>
      <td class="less">{capacity && `${bytes(capacity.memory.freeBytes)} free`}</td>
      <td class="less">{build}</td>
      <td class="less">{ago(startedAt)}</td>
      <td class="act">{capacity && <DrainButton node={node} figures={figures} />}</td>
    </tr>
  );
}
