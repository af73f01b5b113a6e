import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { ServiceNode } from '../contract.ts';
import { toast } from '../toasts.tsx';
import type { Figures } from './figures.ts';

/** Has a node take no more runtimes, or take them again. */
export function DrainButton({ node, figures }: { node: ServiceNode; figures: Figures }) {
  const isBusy = useSignal(false);
  const isDraining = node.state === 'draining';
  const act = async () => {
    const text =
      'It takes no more runtimes. Those that it has go on until they end, or until the time limit of a drain.';
    const title = `Drain ${node.id.slice(0, 8)}?`;
    if (!isDraining && !(await confirm({ title, text, verb: 'Drain', isSafe: true }))) return;
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
    <button class="framed" type="button" disabled={isBusy.value} onClick={() => void act()}>
      {isDraining ? 'End drain' : 'Drain'}
    </button>
  );
}
