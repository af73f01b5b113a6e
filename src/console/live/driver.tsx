import { HandIcon, ReturnIcon } from './icons.tsx';
import type { Session } from './session.ts';

const DRIVERS = { agent: 'Program drives', you: 'You drive', human: 'Someone else drives' };
const TAKES = {
  agent: 'Drive the browser; programs wait until you hand it back',
  nobody: 'Drive the browser; programs wait until you hand it back',
  human: 'Take the browser over from someone else, who drives it now',
};

/** Who drives, and the button that changes it. */
export function Driver({ session }: { session: Session }) {
  return (
    <>
      <span role="status">
        <Badge session={session} />
      </span>
      {session.view.value?.isInteractive && <Hand session={session} />}
    </>
  );
}

function Badge({ session: { driving, view } }: { session: Session }) {
  const { driver, request } = driving.control.value;
  if (driver !== 'nobody' && !driving.isWaiting.value) {
    return (
      <span class="driver" data-driver={driver}>
        {DRIVERS[driver]}
      </span>
    );
  }
  const text = view.value?.isInteractive ? 'Program waits for you' : 'Program waits for help';
  if (!request) {
    return (
      <span class="driver" data-driver="waits">
        {text}
      </span>
    );
  }
  return (
    <button
      class="driver"
      type="button"
      data-driver="waits"
      title="Show what the program asks for"
      onClick={() => driving.showRequest()}
    >
      {text}
    </button>
  );
}

function Hand({ session: { driving, canInteract } }: { session: Session }) {
  const { driver } = driving.control.value;
  const isYou = driver === 'you';
  return (
    <button
      // Nobody is asked to take it from another person.
      class={`hand ${driver === 'human' ? 'framed' : 'primary'}`}
      type="button"
      title={isYou ? 'Hand the browser back to the programs' : TAKES[driver]}
      disabled={!canInteract.value}
      onClick={() => (isYou ? driving.handBack() : driving.take())}
    >
      {isYou ? <ReturnIcon /> : <HandIcon />}
      {isYou ? 'Hand back' : 'Take control'}
    </button>
  );
}
