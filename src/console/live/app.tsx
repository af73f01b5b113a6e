import { Chip } from './chip.tsx';
import { Help } from './help.tsx';
import { NoticeList } from './overlays/notice-list.tsx';
import { Stage } from './stage.tsx';
import { TabStrip } from './tab-strip.tsx';
import { Toolbar } from './toolbar.tsx';
import { useTitle } from './title.ts';
import type { Session } from './session.ts';

export function App({ session }: { session: Session }) {
  useTitle(session);
  const hasControls = session.hasControls.value;
  return (
    <>
      {hasControls && (
        <header data-typing={session.keyboard.isOpen.value}>
          <TabStrip session={session} />
          <Toolbar session={session} />
          <Help session={session} />
        </header>
      )}
      <Stage session={session}>
        <h1 class="unseen">Live view</h1>
        <div class="messages">
          {session.view.value && !hasControls && <HelpCard session={session} />}
          <NoticeList session={session} />
        </div>
      </Stage>
    </>
  );
}

/** Where there is no toolbar that says the same. */
function HelpCard({ session }: { session: Session }) {
  return (
    <div class="asked">
      <Help session={session} />
      <Chip session={session} />
    </div>
  );
}
