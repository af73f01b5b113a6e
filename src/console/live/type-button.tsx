import { KeyboardIcon } from './icons.tsx';
import type { Session } from './session.ts';

/** Opens the keyboard for the field that was touched, on phones that open none by themselves. */
export function TypeButton({ session }: { session: Session }) {
  const { keyboard } = session;
  const isOffered = keyboard.field.value !== undefined && !keyboard.isOpen.value;
  if (!isOffered || !session.canInteract.value) return null;
  return (
    <button
      class="primary type"
      type="button"
      aria-label="Type into the field"
      onClick={() => keyboard.open()}
    >
      <KeyboardIcon />
    </button>
  );
}
