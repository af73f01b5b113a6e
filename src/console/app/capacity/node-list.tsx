import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Capacity, ServiceNode } from '../contract.ts';
import { Section } from '../section.tsx';
import { ago, bytes } from '../times.ts';
import { toast } from '../toasts.tsx';
import type { Figures } from './figures.ts';

/** The processes of the service, and what each has room for. */
export function NodeList({ figures }: { figures: Figures }) {
  const now = figures.now.value;
  return (
    <Section title="Nodes">
      <ul class="lines">
        {figures.nodes.value.map((node) => {
          const own = now?.nodes.find(({ nodeId }) => nodeId === node.id);
          return <NodeLine key={node.id} node={node} capacity={own?.capacity} figures={figures} />;
        })}
      </ul>
    </Section>
  );
}

interface NodeLineProps {
  node: ServiceNode;
  /** Undefined: it has no browsers. */
  capacity: Capacity | undefined;
  figures: Figures;
}

function NodeLine({ node, capacity, figures }: NodeLineProps) {
  const isBusy = useSignal(false);
  const isDraining = node.state === 'draining';
  const act = async () => {
    const text =
      'It takes no more runtimes. Those that it has go on until they end, or its time to drain is over.';
    const title = `Drain ${node.id.slice(0, 8)}?`;
    if (!isDraining && !(await confirm({ title, text, verb: 'Drain' }))) return;
    isBusy.value = true;
    try {
      await call('POST', `/v1/nodes/${node.id}/${isDraining ? 'undrain' : 'drain'}`);
    } catch (error) {
      toast(sentenceOf(error), { isBad: true });
    }
    await figures.load();
    isBusy.value = false;
  };
  return (
    <li>
      <span class="two">
        <span>
          <span class="state-word" data-state={isDraining ? 'changing' : 'running'}>
            {isDraining ? 'Draining' : 'Up'}
          </span>{' '}
          <b>{node.membership?.address ?? node.id.slice(0, 8)}</b> {node.role}
        </span>
        <span class="dim">{aboutOf(node, capacity)}</span>
      </span>
      {capacity && (
        <button class="framed" type="button" disabled={isBusy.value} onClick={() => void act()}>
          {isDraining ? 'Take runtimes again' : 'Drain'}
        </button>
      )}
    </li>
  );
}

function aboutOf({ build, startedAt }: ServiceNode, capacity: Capacity | undefined): string {
  const process = `version ${build}, up for ${ago(startedAt)}`;
  if (!capacity) return `answers clients, ${process}`;
  const { active, slots, pool, memory } = capacity;
  const room = `${active} of ${slots} runtimes, ${pool.warm} ready`;
  return `${room}, ${bytes(memory.freeBytes)} free, ${process}`;
}
