import type { Runtime } from '../contract.ts';
import { isSure } from '../questions.ts';
import { hrefOf, navigate } from '../route.ts';
import { useMay } from '../scopes.ts';
import { toast } from '../toasts.tsx';
import { carryOut, failures, ongoing, VERBS, type Verb } from '../verbs.ts';
import type { RuntimeView } from './runtime-view.ts';

const ALL: Verb[] = ['stop', 'start', 'restart', 'delete'];
/** What is there in each state, so that nothing moves. */
const STAYING: ReadonlySet<Verb> = new Set(['restart', 'delete']);

export function Actions({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  const now = ongoing.value.get(runtime.id);
  if (!useMay()('runtimes:write')) return null;
  const act = async (verb: Verb) => {
    if (verb !== 'start' && !(await isSure(verb, [runtime]))) return;
    const answer = await carryOut(verb, runtime);
    if (!answer) {
      toast(failures.value.get(runtime.id) ?? '', { isBad: true });
      return;
    }
    if (verb === 'delete') navigate(hrefOf('runtimes'));
    else view.runtime.value = answer;
  };
  return (
    <div class="buttons">
      {ALL.filter((verb) => STAYING.has(verb) || VERBS[verb].fits(runtime)).map((verb) => (
        <button
          key={verb}
          class={verb === 'delete' ? 'framed danger' : 'framed'}
          type="button"
          disabled={now !== undefined || whyNot(verb, runtime) !== undefined}
          title={whyNot(verb, runtime)}
          onClick={() => void act(verb)}
        >
          {now === verb ? `${VERBS[verb].during}…` : VERBS[verb].name}
        </button>
      ))}
    </div>
  );
}

/** Why it cannot be done now; undefined: it can. */
function whyNot(verb: Verb, { status }: Runtime): string | undefined {
  if (verb === 'delete' && status === 'active') return 'Stop the runtime first.';
  if (verb === 'restart' && status !== 'active') return 'The runtime does not run. Start it.';
  return undefined;
}
