import { FollowIcon } from './icons.tsx';
import type { Session } from './session.ts';

const NAMES = { last_used: 'Follow active tab', automation: 'Follow program' };
const TABS = {
  last_used: 'the tab that was used last, by a program or a person',
  automation: 'the tab that a program used last',
};

/** Whether the service chooses the tab, or this person does. */
export function Follow({ session }: { session: Session }) {
  const { isFollowing, current } = session.tabs.value;
  const mode = session.view.value?.viewerMode ?? 'last_used';
  const isPaused = session.driving.control.value.driver === 'you';
  const on = isPaused ? 'On again when you hand back: then' : 'On:';
  const toggle = () => {
    if (!isFollowing) session.send({ t: 'follow' });
    else if (current !== null) session.send({ t: 'follow', tab: current });
  };
  return (
    <button
      class="follow"
      type="button"
      aria-label={NAMES[mode]}
      aria-pressed={isFollowing}
      title={
        isFollowing
          ? `${on} you see ${TABS[mode]}. Press to stay on this tab.`
          : `Off: you stay on this tab. Press to see ${TABS[mode]}.`
      }
      onClick={toggle}
    >
      <FollowIcon />
      <span>{NAMES[mode]}</span>
    </button>
  );
}
