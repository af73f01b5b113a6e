import { useSignal } from '@preact/signals';
import { isSure } from '../questions.ts';
import { toast } from '../toasts.tsx';
import { carryOutAll, VERBS, type Verb } from '../verbs.ts';
import type { ListView } from './list-view.ts';

const ALL: Verb[] = ['stop', 'start', 'restart', 'delete'];

/** What can be done with all that are chosen. It lies over the list, so that no row moves. */
export function BulkBar({ view }: { view: ListView }) {
  const progress = useSignal<{ verb: Verb; done: number; of: number } | undefined>(undefined);
  const rows = view.chosenRows.value;
  const now = progress.value;
  if (rows.length === 0 && !now) return null;
  const act = async (verb: Verb) => {
    const fitting = rows.filter(VERBS[verb].fits);
    if (!(await isSure(verb, fitting, rows.length - fitting.length))) return;
    let failed = 0;
    progress.value = { verb, done: 0, of: fitting.length };
    await carryOutAll(verb, fitting, (runtime, answer) => {
      if (!answer) failed += 1;
      else if (verb === 'delete') view.list.remove(runtime.id);
      else view.list.put(answer);
      if (answer) view.choose(runtime.id, false);
      const { done, of } = progress.value ?? { done: 0, of: 0 };
      progress.value = { verb, done: done + 1, of };
    });
    progress.value = undefined;
    const went = `${VERBS[verb].name}: ${fitting.length - failed} of ${fitting.length} done.`;
    toast(failed === 0 ? went : `${went} The rows that failed say why, and stay chosen.`, {
      isBad: failed > 0,
    });
  };
  return (
    <section class="card bulk" aria-label="Chosen runtimes">
      <span class="count" role="status">
        {now ? `${VERBS[now.verb].during} ${now.done} of ${now.of}` : `${rows.length} chosen`}
      </span>
      {now && <progress aria-label="Progress" max={now.of} value={now.done} />}
      {!now &&
        ALL.map((verb) => (
          <button
            key={verb}
            class={verb === 'delete' ? 'framed danger' : 'framed'}
            type="button"
            disabled={!rows.some(VERBS[verb].fits)}
            onClick={() => void act(verb)}
          >
            {VERBS[verb].name}
            <span class="unseen"> the chosen</span>
          </button>
        ))}
      {!now && (
        <button class="plain" type="button" onClick={() => view.chooseAll(false)}>
          Clear
        </button>
      )}
    </section>
  );
}
