import { HandIcon } from './icons.tsx';
import type { Session } from './session.ts';

const DRIVERS = { agent: 'Agent drives', you: 'You drive', human: 'Someone else drives' };

/** Who drives, and the button that changes it. */
export function Driver({ session }: { session: Session }) {
  const { driver } = session.control.value;
  const isYou = driver === 'you';
  return (
    <>
      <span class="driver" data-driver={driver} role="status">
        {DRIVERS[driver]}
      </span>
      {session.view.value?.isInteractive && (
        <button
          class={`hand ${isYou ? '' : 'primary'}`}
          type="button"
          disabled={!session.canInteract.value}
          onClick={() => session.send({ t: 'control', do: isYou ? 'return' : 'take' })}
        >
          <HandIcon />
          {isYou ? 'Hand back' : 'Take control'}
        </button>
      )}
    </>
  );
}
