import { useEffect, useRef } from 'preact/hooks';
import type { Told } from './contract.ts';
import { CloseIcon, PlusIcon } from './icons.tsx';
import { moveFocus } from '../shared/move-focus.ts';
import type { Session } from './session.ts';

type ShownTab = Told<'tabs'>['tabs'][number];

export function TabStrip({ session }: { session: Session }) {
  const { tabs, current } = session.tabs.value;
  const isOver = session.state.value.name === 'ended';
  return (
    <div class="strip">
      <div class="tabs" role="tablist" aria-label="Tabs" data-over={isOver} onKeyDown={moveFocus}>
        {tabs.map((tab, i) => (
          <Tab
            key={tab.id}
            tab={tab}
            isCurrent={tab.id === current}
            // One tab can be reached with the key Tab; arrows lead to the others.
            isReachable={tab.id === current || (current === null && i === 0)}
            session={session}
          />
        ))}
      </div>
      {session.view.value?.isInteractive && !isOver && (
        <button
          class="plain"
          type="button"
          aria-label="New tab"
          title="New tab"
          disabled={!session.canInteract.value}
          onClick={() => session.send({ t: 'new' })}
        >
          <PlusIcon />
        </button>
      )}
    </div>
  );
}

interface TabProps {
  tab: ShownTab;
  isCurrent: boolean;
  isReachable: boolean;
  session: Session;
}

function Tab({ tab, isCurrent, isReachable, session }: TabProps) {
  const { id, url, hasCrashed, hasDialog } = tab;
  const name = tab.title || url || 'New tab';
  const isOver = session.state.value.name === 'ended';
  const canClose = session.view.value?.isInteractive === true && !isOver;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isCurrent) place.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [isCurrent]);
  const close = () => session.send({ t: 'close', tab: id });
  return (
    <div class="tab" role="presentation" data-current={isCurrent} ref={place}>
      <button
        type="button"
        role="tab"
        id={`tab-${id}`}
        aria-selected={isCurrent}
        aria-controls="page"
        aria-keyshortcuts={canClose ? 'Delete' : undefined}
        tabIndex={isReachable ? 0 : -1}
        title={url}
        disabled={isOver}
        onClick={() => session.send({ t: 'follow', tab: id })}
        onKeyDown={({ key }) => {
          if (key === 'Delete' && canClose) close();
        }}
        onAuxClick={({ button }) => {
          if (button === 1 && canClose) close();
        }}
      >
        <Mark
          isLoading={isCurrent && !isOver && session.tabs.value.isLoading}
          hasCrashed={hasCrashed}
          hasDialog={hasDialog}
        />
        <span class="name">{name}</span>
      </button>
      {canClose && (
        // For a pointer; with keys, Delete closes the tab.
        <button class="close" type="button" tabIndex={-1} aria-hidden="true" onClick={close}>
          <CloseIcon />
        </button>
      )}
    </div>
  );
}

type Marks = Pick<ShownTab, 'hasCrashed' | 'hasDialog'> & { isLoading: boolean };

function Mark({ isLoading, hasCrashed, hasDialog }: Marks) {
  if (hasCrashed) return <Sign kind="crashed" text="Crashed: " />;
  if (hasDialog) return <Sign kind="asks" text="Asks something: " />;
  return isLoading ? <Sign kind="loading" text="Loading: " /> : null;
}

function Sign({ kind, text }: { kind: string; text: string }) {
  return (
    <>
      <span class={`sign ${kind}`} aria-hidden="true" />
      <span class="unseen">{text}</span>
    </>
  );
}
