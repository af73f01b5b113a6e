import { hrefOf } from './route.ts';

interface NotThereProps {
  /** Why something could not be loaded; empty while it is loaded. */
  error: string;
  /** The page of which it is one. */
  list: string;
}

export function NotThere({ error, list }: NotThereProps) {
  if (error === '') return <p class="notice dim">Loading…</p>;
  return (
    <p class="notice" role="alert">
      {error} <a href={hrefOf(list)}>All {list}</a>
    </p>
  );
}
