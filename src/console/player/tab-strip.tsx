import { useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { FollowIcon } from '../live/icons.tsx';
import { moveFocus } from '../shared/move-focus.ts';
import type { Player } from './player.ts';
import type { TabHistory } from './tab-history.ts';

export function TabStrip({ player }: { player: Player }) {
  const { tabs } = player.timeline.value;
  const shown = player.tabId.value;
  return (
    <div class="strip">
      <div class="tabs" role="tablist" aria-label="Tabs" onKeyDown={moveFocus}>
        {tabs.map((tab, i) => (
          <Tab
            key={tab.id}
            tab={tab}
            isShown={tab.id === shown}
            // One tab can be reached with the key Tab; arrows lead to the others.
            isReachable={tab.id === shown || (shown === undefined && i === 0)}
            player={player}
          />
        ))}
      </div>
      <Follow player={player} />
    </div>
  );
}

interface TabProps {
  tab: TabHistory;
  isShown: boolean;
  isReachable: boolean;
  player: Player;
}

const STATES = { unopened: ' (not open yet)', open: '', closed: ' (closed)' };

function Tab({ tab: { id }, isShown, isReachable, player }: TabProps) {
  const place = useRef<HTMLDivElement>(null);
  // The history of the tab is another one when more is known.
  const history = useComputed(() => player.timeline.value.tab(id));
  const time = player.clock.timeMs;
  const state = useComputed(() => history.value?.stateAt(time.value) ?? 'open').value;
  const title = useComputed(() => history.value?.titleAt(time.value) ?? '').value;
  const url = useComputed(() => history.value?.urlAt(time.value) ?? '').value;
  const isInUse = useComputed(() => player.timeline.value.tabInUse(time.value) === id).value;
  useEffect(() => {
    // Not with scrollIntoView, which scrolls the page that embeds this one, too.
    const [one, all] = [place.current, place.current?.parentElement];
    if (!isShown || !one || !all) return;
    const end = one.offsetLeft + one.offsetWidth - all.offsetLeft;
    if (end > all.scrollLeft + all.clientWidth) all.scrollLeft = end - all.clientWidth;
    all.scrollLeft = Math.min(all.scrollLeft, one.offsetLeft - all.offsetLeft);
  }, [isShown]);
  return (
    <div class="tab" role="presentation" data-current={isShown} data-state={state} ref={place}>
      <button
        type="button"
        role="tab"
        id={`tab-${id}`}
        aria-selected={isShown}
        aria-controls="picture"
        tabIndex={isReachable ? 0 : -1}
        title={url + STATES[state]}
        onClick={() => player.pin(id)}
      >
        {isInUse && state === 'open' && <span class="in-use" title="In use at this time" />}
        <span class="name">{title}</span>
        <span class="unseen">{STATES[state]}</span>
      </button>
    </div>
  );
}

function Follow({ player }: { player: Player }) {
  const isFollowing = player.pinned.value === undefined;
  return (
    <button
      class="follow"
      type="button"
      aria-label="Follow"
      aria-pressed={isFollowing}
      title={
        isFollowing
          ? 'On: you see the tab that was in use. Press to stay on this tab.'
          : 'Off: you stay on this tab. Press to see the tab that was in use.'
      }
      onClick={() => player.toggleFollowing()}
    >
      <FollowIcon />
      <span>Follow</span>
    </button>
  );
}
