import { confirm } from './confirm.tsx';
import type { Runtime } from './contract.ts';
import { VERBS, type Verb } from './verbs.ts';

/** What each does to one runtime, and to many. */
const OUTCOMES: Record<Verb, [one: string, many: string]> = {
  stop: [
    'Its browser closes. A profile is saved; the state of an ephemeral browser is lost.',
    'Their browsers close. Profiles are saved; the state of ephemeral browsers is lost.',
  ],
  start: [
    'A new browser starts, with the same alias and settings.',
    'New browsers start, with the same aliases and settings.',
  ],
  restart: [
    'Its browser closes, and a new one starts.',
    'Their browsers close, and new ones start.',
  ],
  delete: [
    'Its record, its events and its files are deleted for good.',
    'Their records, events and files are deleted for good.',
  ],
};

/** Asks whether to carry out a verb; `left` is how many of the chosen it does not fit. */
export function isSure(verb: Verb, runtimes: Runtime[], left = 0): Promise<boolean> {
  const { name } = VERBS[verb];
  const [first] = runtimes;
  const isOne = runtimes.length === 1;
  const what = isOne ? (first?.alias ?? '') : `${runtimes.length} runtimes`;
  const others = left === 0 ? '' : ` ${left} of the chosen stay as they are.`;
  const text = OUTCOMES[verb][isOne ? 0 : 1] + others;
  return confirm({ title: `${name} ${what}?`, text, verb: name, isSafe: verb === 'start' });
}
