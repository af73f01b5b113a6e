import { AddressBar } from './address-bar.tsx';
import { Driver } from './driver.tsx';
import { Follow } from './follow.tsx';
import {
  BackIcon,
  CloseIcon,
  ForwardIcon,
  KeyboardIcon,
  PeopleIcon,
  ReloadIcon,
} from './icons.tsx';
import type { Session } from './session.ts';
import { ZoomButton } from './zoom-button.tsx';

export function Toolbar({ session }: { session: Session }) {
  const canInteract = session.canInteract.value;
  const isInteractive = session.view.value?.isInteractive === true;
  const isOver = session.state.value.name === 'ended';
  return (
    <div class="bar" data-over={isOver}>
      {isInteractive && !isOver && <History session={session} isOff={!canInteract} />}
      <AddressBar session={session} />
      {isInteractive && !isOver && <KeyboardButton session={session} />}
      {!isOver && <ZoomButton session={session} />}
      <div class="facts">
        {!isOver && <Driver session={session} />}
        {!isOver && <Follow session={session} />}
        {!isOver && <Viewers session={session} />}
        <Connected session={session} />
      </div>
    </div>
  );
}

function History({ session, isOff }: { session: Session; isOff: boolean }) {
  const { canGoBack, canGoForward, isLoading, current } = session.tabs.value;
  const hasTab = !isOff && current !== null;
  return (
    <div class="group">
      <button
        class="plain"
        type="button"
        aria-label="Back"
        title="Back"
        disabled={!hasTab || !canGoBack}
        onClick={() => session.send({ t: 'history', by: -1 })}
      >
        <BackIcon />
      </button>
      <button
        class="plain"
        type="button"
        aria-label="Forward"
        title="Forward"
        disabled={!hasTab || !canGoForward}
        onClick={() => session.send({ t: 'history', by: 1 })}
      >
        <ForwardIcon />
      </button>
      <button
        class="plain"
        type="button"
        aria-label={isLoading ? 'Stop' : 'Reload'}
        title={isLoading ? 'Stop' : 'Reload'}
        disabled={!hasTab}
        onClick={() => session.send({ t: isLoading ? 'stop' : 'reload' })}
      >
        {isLoading ? <CloseIcon /> : <ReloadIcon />}
      </button>
    </div>
  );
}

/** Where fingers are all there is, tapping the page alone opens no keyboard: most taps want none. */
function KeyboardButton({ session }: { session: Session }) {
  return (
    <button
      class="plain fingers"
      type="button"
      aria-label="Show the keyboard"
      title="Show the keyboard"
      onClick={() => session.keyboard.open()}
    >
      <KeyboardIcon />
    </button>
  );
}

function Viewers({ session }: { session: Session }) {
  const { viewers } = session.driving.control.value;
  const text = viewers === 1 ? '1 viewer' : `${viewers} viewers`;
  return (
    <span
      class="fact viewers"
      title={viewers === 1 ? 'Nobody watches but you' : `${text}, you are one of them`}
    >
      <PeopleIcon />
      <span class="count" aria-hidden="true">
        {viewers}
      </span>
      <span class="unseen">{text}</span>
    </span>
  );
}

const STATES = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Ended',
};
const WAY = 'How long a message takes to the browser and back';

function Connected({ session }: { session: Session }) {
  const { name } = session.state.value;
  const ms = session.latencyMs.value;
  return (
    <span class="fact" data-state={name} title={name === 'live' ? WAY : undefined}>
      <span class="dot" aria-hidden="true" />
      <span class={name === 'live' ? 'unseen' : undefined}>{STATES[name]}</span>
      {name === 'live' && (
        <span class="latency">{ms === undefined ? '…' : Math.max(1, Math.round(ms))} ms</span>
      )}
    </span>
  );
}
