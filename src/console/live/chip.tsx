import type { Session } from './session.ts';

/** Who drives, and how to end that, where there is no toolbar and nothing else says so. */
export function Chip({ session }: { session: Session }) {
  const { driving } = session;
  const { driver } = driving.control.value;
  if (driving.request.value) return null;
  if (driver === 'you') {
    return (
      <div class="card chip" data-driver="you">
        <span role="status">You drive</span>
        <button class="framed" type="button" onClick={() => driving.handBack()}>
          Hand back
        </button>
      </div>
    );
  }
  if (!driving.isWaiting.value || !session.canInteract.value) return null;
  const show = () => {
    if (driving.control.peek().request) driving.showRequest();
    else driving.take();
  };
  return (
    <button class="card chip" type="button" data-driver="waits" onClick={show}>
      Program waits for you
    </button>
  );
}
