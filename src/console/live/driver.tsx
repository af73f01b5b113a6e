import { HandIcon, ReturnIcon } from './icons.tsx';
import type { Session } from './session.ts';

const DRIVERS = { agent: 'Agent drives', you: 'You drive', human: 'Someone else drives' };
const TAKES = {
  agent: 'Drive the browser; input of programs waits until you hand it back',
  human: 'Take the browser over from whoever drives it now',
};

/** Who drives, and the button that changes it. */
export function Driver({ session }: { session: Session }) {
  const { driver } = session.control.value;
  return (
    <>
      <span class="driver" data-driver={driver} role="status">
        {DRIVERS[driver]}
      </span>
      {session.view.value?.isInteractive && <Hand session={session} />}
    </>
  );
}

function Hand({ session }: { session: Session }) {
  const { driver } = session.control.value;
  const isYou = driver === 'you';
  return (
    <button
      // Nobody is asked to take it from another person.
      class={`hand ${driver === 'agent' ? 'primary' : 'framed'}`}
      type="button"
      title={isYou ? 'Hand the browser back to the agent' : TAKES[driver]}
      disabled={!session.canInteract.value}
      onClick={() => session.send({ t: 'control', do: isYou ? 'return' : 'take' })}
    >
      {isYou ? <ReturnIcon /> : <HandIcon />}
      {isYou ? 'Hand back' : 'Take control'}
    </button>
  );
}
