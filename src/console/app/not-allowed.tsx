import type { Scope } from './scopes.ts';

interface NotAllowedProps {
  page: { label: string; scopes: readonly Scope[] };
}

/** What somebody sees whose key may not see a page. */
export function NotAllowed({ page: { label, scopes } }: NotAllowedProps) {
  return (
    <main class="alone">
      <h1 tabIndex={-1}>{label}</h1>
      <p>
        <Needed scopes={scopes} />
      </p>
    </main>
  );
}

/** Which scope somebody's key needs: one of these. */
export function Needed({ scopes }: { scopes: readonly Scope[] }) {
  return (
    <>
      This needs a key with the scope{' '}
      {scopes.map((scope, i) => (
        <span key={scope}>
          {i > 0 && ' or '}
          <code>{scope}</code>
        </span>
      ))}
      . Yours does not have it: sign in with another key, or ask whoever gave you this one.
    </>
  );
}
