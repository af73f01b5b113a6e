import { useSignal } from '@preact/signals';
import { CloseIcon, HandIcon } from '../icons.tsx';
import type { Session } from '../session.ts';

/** A program asks for a person. */
export function Banner({ session }: { session: Session }) {
  /** When that was asked which the person does not want to see. */
  const hidden = useSignal<string | undefined>(undefined);
  const { request, driver } = session.control.value;
  const isShown = request !== null && driver !== 'you' && hidden.value !== request.at;
  return (
    <div class="banner-place" role="alert">
      {isShown && (
        <div class="card banner">
          <div>
            <strong>A program asks for help</strong>
            <p>{request.reason}</p>
            {driver === 'human' && <p class="whoever">Someone else drives the browser now.</p>}
          </div>
          {session.canInteract.value && driver === 'agent' && (
            <button
              class="primary"
              type="button"
              onClick={() => session.send({ t: 'control', do: 'take' })}
            >
              <HandIcon />
              Take control
            </button>
          )}
          <button
            class="plain"
            type="button"
            aria-label="Hide"
            onClick={() => {
              hidden.value = request.at;
            }}
          >
            <CloseIcon />
          </button>
        </div>
      )}
    </div>
  );
}
