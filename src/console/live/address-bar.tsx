import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { TEXT_MAX } from './contract.ts';
import type { Session } from './session.ts';

const WITH_SCHEME = /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:about|blob|data|file|view-source):)/i;
/** There is no room for a whole address. */
const NARROW_PX = 960;
const LOCAL = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/i;

export function AddressBar({ session }: { session: Session }) {
  /** What is being typed; undefined: nothing is. */
  const typed = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const isFocused = useSignal(false);
  const url = session.shownTab.value?.url ?? '';
  const isNarrow = session.screen.stage.value.width <= NARROW_PX;
  const shown = isNarrow && !isFocused.value ? hostOf(url) : url;
  // Once all of it is there.
  useLayoutEffect(() => {
    if (isFocused.value) field.current?.select();
  }, [isFocused.value]);
  const canInteract = session.canInteract.value;
  const submit = (event: Event) => {
    event.preventDefault();
    const text = typed.value?.trim() ?? url;
    if (text !== '') session.send({ t: 'go', url: toUrl(text) });
    typed.value = undefined;
    document.getElementById('keys')?.focus({ preventScroll: true });
  };
  return (
    <form class="address" onSubmit={submit}>
      <input
        ref={field}
        id="address"
        aria-label="Address"
        value={typed.value ?? shown}
        readOnly={!canInteract}
        maxLength={TEXT_MAX}
        type="text"
        inputMode="url"
        enterKeyHint="go"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        placeholder={canInteract ? 'Enter an address' : undefined}
        onFocus={() => {
          isFocused.value = true;
        }}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
        }}
        onBlur={() => {
          typed.value = undefined;
          isFocused.value = false;
        }}
        onKeyDown={({ key, currentTarget }) => {
          if (key !== 'Escape') return;
          typed.value = undefined;
          currentTarget.value = url;
          currentTarget.select();
        }}
      />
    </form>
  );
}

/** Of an address that has none, all. */
function hostOf(url: string): string {
  return (URL.canParse(url) && new URL(url).host) || url;
}

function toUrl(text: string): string {
  if (WITH_SCHEME.test(text)) return text;
  return `${LOCAL.test(text) ? 'http' : 'https'}://${text}`;
}
