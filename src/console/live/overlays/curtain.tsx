import type { Session } from '../session.ts';

/** Says why there is no picture, or why it stands still. */
export function Curtain({ session }: { session: Session }) {
  const state = session.state.value;
  const isEnd = state.name === 'ended';
  return (
    <div class="curtain" role={isEnd ? 'alert' : 'status'} data-end={isEnd}>
      {isEnd ? <p class="card sentence">{state.sentence}</p> : <Lack session={session} />}
    </div>
  );
}

function Lack({ session }: { session: Session }) {
  const { current, turn } = session.tabs.value;
  const canDrive = session.canInteract.value && session.hasControls.value;
  if (session.state.value.name === 'reconnecting') return <p class="card pill">Reconnecting…</p>;
  if (!session.isLive.value) return <p class="quiet">Connecting…</p>;
  if (current === null) {
    return (
      <div class="lack">
        <p>No tab is open.</p>
        {canDrive && (
          <button class="framed" type="button" onClick={() => session.send({ t: 'new' })}>
            New tab
          </button>
        )}
      </div>
    );
  }
  if (session.shownTab.value?.hasCrashed) {
    return (
      <div class="card lack">
        <p>This page has crashed.</p>
        {canDrive && (
          <button class="framed" type="button" onClick={() => session.send({ t: 'reload' })}>
            Reload
          </button>
        )}
      </div>
    );
  }
  return session.drawnTurn.value === undefined || session.drawnTurn.value !== turn ? (
    <p class="quiet">Waiting for the picture…</p>
  ) : null;
}
