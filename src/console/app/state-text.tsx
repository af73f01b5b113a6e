import type { Runtime } from './contract.ts';
import { ongoing, VERBS } from './verbs.ts';
import { stateOf } from './words.ts';

/** The state of a runtime: a word with a mark of its own shape, and what there is to say of it. */
export function StateText({ runtime }: { runtime: Runtime }) {
  const { name, label, detail } = stateOf(runtime);
  const verb = ongoing.value.get(runtime.id);
  return (
    <>
      <span class="state-word" data-state={verb === undefined ? name : 'changing'}>
        {verb === undefined ? label : VERBS[verb].during}
      </span>
      <span class="dim" title={detail}>
        {detail}
      </span>
    </>
  );
}
