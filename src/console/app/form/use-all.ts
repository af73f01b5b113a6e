import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sentenceOf } from '../api.ts';

/** All of a list; `read` takes what a page has of it. */
export function useAll<T, P>(
  pages: (gone: AbortSignal) => AsyncGenerator<P, void>,
  read: (page: P) => T[],
) {
  const items = useSignal<T[] | undefined>(undefined);
  const error = useSignal('');
  useEffect(() => {
    const leaving = new AbortController();
    const load = async () => {
      const found: T[] = [];
      for await (const page of pages(leaving.signal)) found.push(...read(page));
      items.value = found;
    };
    load().catch((reason: unknown) => {
      if (!leaving.signal.aborted) error.value = sentenceOf(reason);
    });
    return () => leaving.abort();
  }, []);
  return { items, error };
}
