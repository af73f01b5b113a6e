import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, CallError, sentenceOf } from '../api.ts';

export interface Loaded<T> {
  value: ReadonlySignal<T | undefined>;
  /** Why it could not be loaded; empty if it was. */
  error: ReadonlySignal<string>;
  load: () => Promise<void>;
}

/** Loads something, and again whenever the count of its changes grows. What is not there is undefined. */
export function useLoaded<T>(path: string, ...changes: ReadonlySignal<number>[]): Loaded<T> {
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal('');
  const load = async () => {
    try {
      value.value = await call<T>('GET', path);
      error.value = '';
    } catch (reason) {
      const isMissing = reason instanceof CallError && reason.status === 404;
      if (isMissing) value.value = undefined;
      error.value = isMissing ? '' : sentenceOf(reason);
    }
  };
  useEffect(() => void load(), [path, ...changes.map((change) => change.value)]);
  return { value, error, load };
}
