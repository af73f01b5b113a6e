import type { Extension } from '../contract.ts';

/** What the service found when it tried the extension out. */
export function Verdict({ extension: { warnings } }: { extension: Extension }) {
  if (warnings.length === 0) {
    return (
      <p>
        <span class="state-word" data-state="running">
          Works
        </span>{' '}
        <span class="dim">Chromium loaded it without complaints.</span>
      </p>
    );
  }
  return (
    <>
      <p>
        <span class="state-word warned" data-state="changing">
          {warnings.length === 1
            ? 'Loads with 1 warning'
            : `Loads with ${warnings.length} warnings`}
        </span>
      </p>
      <ul class="problems">
        {warnings.map(({ kind, message, source }) => (
          <li key={message + (source ?? '')}>
            <span class="dim">{kind === 'manifest' ? 'Manifest' : 'While it ran'}</span>{' '}
            {source && <code>{source}</code>} {message}
          </li>
        ))}
      </ul>
    </>
  );
}
