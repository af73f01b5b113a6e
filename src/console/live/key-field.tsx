import { useEffect, useRef } from 'preact/hooks';
import { listenToKeyboard } from './input/keyboard.ts';
import { LEAVE_KEYS } from './input/shortcuts.ts';
import type { Session } from './session.ts';

/** Takes the keys for the page. Nobody sees it, but whoever comes to it by keys sees the way out. */
export function KeyField({ session }: { session: Session }) {
  const place = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const field = place.current;
    if (!field) return;
    const listening = new AbortController();
    const leave = () => {
      const address = document.getElementById('address');
      if (address) address.focus();
      else field.blur();
    };
    listenToKeyboard(session, { field, leave }, listening.signal);
    // Whoever points has no use for the way out, also when a list that was clicked gives the keys back.
    const on = { capture: true, signal: listening.signal };
    window.addEventListener('pointerdown', () => (field.dataset['by'] = 'pointer'), on);
    window.addEventListener(
      'keydown',
      () => {
        if (field !== document.activeElement) field.dataset['by'] = 'keys';
      },
      on,
    );
    return () => listening.abort();
  }, [session]);
  return (
    <>
      <textarea
        ref={place}
        id="keys"
        rows={1}
        aria-label="The browser's page"
        aria-describedby="leave"
        aria-keyshortcuts={LEAVE_KEYS}
        autocapitalize="off"
        autocomplete="off"
        autocorrect="off"
        spellcheck={false}
      />
      <p id="leave" class="leave">
        Press <kbd>Ctrl</kbd>+<kbd>Alt</kbd>+<kbd>↑</kbd> to leave the page
      </p>
    </>
  );
}
