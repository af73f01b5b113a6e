import { CloseIcon, HandIcon, ReturnIcon } from './icons.tsx';
import type { Session } from './session.ts';

/** What the agent asks of a person, for as long as it is not done. */
export function Help({ session }: { session: Session }) {
  const request = session.driving.request.value;
  return (
    <div role="alert">
      {request && (
        <div class="help">
          <Wish session={session} reason={request.reason} />
          <Answers session={session} />
        </div>
      )}
    </div>
  );
}

function Wish({ session, reason }: { session: Session; reason: string }) {
  const { driver } = session.driving.control.value;
  return (
    <div class="wish">
      <strong>{driver === 'you' ? 'A program asked for help' : 'A program asks for help'}</strong>{' '}
      <p>{reason}</p>
      {driver === 'human' && <p class="dim">Someone else drives the browser now.</p>}
    </div>
  );
}

function Answers({ session: { driving, canInteract } }: { session: Session }) {
  const { driver } = driving.control.value;
  if (driver === 'you') {
    return (
      <button class="primary" type="button" onClick={() => driving.handBack()}>
        <ReturnIcon />
        Done, hand back
      </button>
    );
  }
  return (
    <>
      {/* Nobody is asked to take it from another person. */}
      {canInteract.value && driver !== 'human' && (
        <button class="primary" type="button" onClick={() => driving.take()}>
          <HandIcon />
          Take control
        </button>
      )}
      <button class="plain" type="button" aria-label="Hide" onClick={() => driving.hideRequest()}>
        <CloseIcon />
      </button>
    </>
  );
}
