import type { ComponentChildren } from 'preact';
import type { Listed } from './listed.ts';

interface ListContentProps {
  list: Listed<{ id: string }>;
  /** What is listed, in the middle of a sentence. */
  what: string;
  /** What to show where there is nothing. */
  empty: ComponentChildren;
  children: ComponentChildren;
}

/** A list as it is loaded, or else what there is to say. */
export function ListContent({ list, what, empty, children }: ListContentProps) {
  const isEmpty = list.rows.value.length === 0;
  if (list.state.value === 'loading') return <p class="notice dim">Loading…</p>;
  if (list.state.value === 'failed') {
    return (
      <div class="notice" role="alert">
        <p>
          The {what} could not be loaded. {list.error.value}
        </p>
        <button class="framed" type="button" onClick={() => void list.load()}>
          Try again
        </button>
      </div>
    );
  }
  if (isEmpty) return <>{empty}</>;
  return (
    <>
      {list.error.value && (
        <p class="wrong" role="alert">
          {list.error.value}
        </p>
      )}
      {children}
      {list.hasMore.value && (
        <button class="framed more" type="button" onClick={() => void list.more()}>
          Load more
        </button>
      )}
    </>
  );
}
