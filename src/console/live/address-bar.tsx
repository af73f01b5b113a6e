import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { TEXT_MAX } from './contract.ts';
import type { Session } from './session.ts';

const WITH_SCHEME = /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:about|blob|data|file|view-source):)/i;
const LOCAL = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/i;

export function AddressBar({ session }: { session: Session }) {
  /** What is being typed; undefined: nothing is. */
  const typed = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const url = session.shownTab.value?.url ?? '';
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
        value={typed.value ?? url}
        readOnly={!canInteract}
        maxLength={TEXT_MAX}
        type="text"
        inputMode="url"
        enterKeyHint="go"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        placeholder={canInteract ? 'Enter an address' : undefined}
        onFocus={() => field.current?.select()}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
        }}
        onBlur={() => {
          typed.value = undefined;
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

function toUrl(text: string): string {
  if (WITH_SCHEME.test(text)) return text;
  return `${LOCAL.test(text) ? 'http' : 'https'}://${text}`;
}
