import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, CallError, sentenceOf } from '../api.ts';

export interface Loaded<T> {
  value: ReadonlySignal<T | undefined>;
  /** Why it could not be loaded; empty if it was. */
  error: ReadonlySignal<string>;
  /** Whether there is no such thing. */
  isMissing: ReadonlySignal<boolean>;
  load: () => Promise<void>;
}

/** Loads something, and again whenever the count of its changes grows. What is not there is undefined. */
export function useLoaded<T>(path: string, ...changes: ReadonlySignal<number>[]): Loaded<T> {
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal('');
  const isMissing = useSignal(false);
  const load = async () => {
    try {
      value.value = await call<T>('GET', path);
      error.value = '';
      isMissing.value = false;
    } catch (reason) {
      isMissing.value = reason instanceof CallError && reason.status === 404;
      if (isMissing.value) value.value = undefined;
      error.value = isMissing.value ? '' : sentenceOf(reason);
    }
  };
  useEffect(() => void load(), [path, ...changes.map((change) => change.value)]);
  return { value, error, isMissing, load };
}
