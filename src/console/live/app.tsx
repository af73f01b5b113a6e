import { Banner } from './overlays/banner.tsx';
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
        </header>
      )}
      <Stage session={session}>
        <div class="messages">
          {hasControls && <Banner session={session} />}
          <NoticeList session={session} />
        </div>
      </Stage>
    </>
  );
}
