import { signal } from '@preact/signals';
import { call, pathOf, sentenceOf } from './api.ts';
import type { Runtime } from './contract.ts';

/** A start may wait for room, and a stop until a profile is saved. */
const TIMEOUT_MS = 180_000;
const AT_ONCE = 4;

export const VERBS = {
  stop: { name: 'Stop', during: 'Stopping', fits: ({ status }: Runtime) => status === 'active' },
  start: { name: 'Start', during: 'Starting', fits: ({ status }: Runtime) => status !== 'active' },
  restart: { name: 'Restart', during: 'Restarting', fits: () => true },
  delete: {
    name: 'Delete',
    during: 'Deleting',
    fits: ({ status }: Runtime) => status !== 'active',
  },
} as const;
export type Verb = keyof typeof VERBS;

/** What is done to which runtime now. */
export const ongoing = signal<ReadonlyMap<string, Verb>>(new Map());
/** What could not be done to which runtime, in a sentence. */
export const failures = signal<ReadonlyMap<string, string>>(new Map());

/** Carries out a verb on one runtime; undefined: it failed, which its row says. */
export async function carryOut(verb: Verb, runtime: Runtime): Promise<Runtime | undefined> {
  const { id } = runtime;
  failures.value = without(failures.value, id);
  ongoing.value = new Map(ongoing.value).set(id, verb);
  const path = pathOf(runtime);
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    return verb === 'delete'
      ? await call<Runtime>('DELETE', path, options)
      : await call<Runtime>('POST', `${path}/${verb}`, options);
  } catch (error) {
    failures.value = new Map(failures.value).set(id, sentenceOf(error));
    return undefined;
  } finally {
    ongoing.value = without(ongoing.value, id);
  }
}

/** Carries out a verb on many, some at a time, and tells after each how it went. */
export async function carryOutAll(
  verb: Verb,
  runtimes: Runtime[],
  onDone: (runtime: Runtime, answer: Runtime | undefined) => void,
): Promise<void> {
  const left = [...runtimes];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      onDone(next, await carryOut(verb, next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function without<T>(map: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
