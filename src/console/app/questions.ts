import { confirm } from './confirm.tsx';
import type { Runtime } from './contract.ts';
import { VERBS, type Verb } from './verbs.ts';

/** What each does to one runtime, and to many. */
const OUTCOMES: Record<Verb, [one: string, many: string]> = {
  stop: [
    'Its browser ends. What is in an ephemeral one is gone; a profile is saved.',
    'Their browsers end. What is in ephemeral ones is gone; profiles are saved.',
  ],
  start: [
    'It begins anew, with the same alias and launch.',
    'They begin anew, with the same aliases and launches.',
  ],
  restart: ['Its browser ends, and begins anew.', 'Their browsers end, and begin anew.'],
  delete: [
    'Its record, its events and the files that it keeps are gone for good.',
    'Their records, events and the files that they keep are gone for good.',
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
