import { useSignalEffect } from '@preact/signals';
import type { Session } from './session.ts';

const NAME = 'Live view';

/** Names the window after the tab that is shown. */
export function useTitle(session: Session): void {
  useSignalEffect(() => {
    const title = session.shownTab.value?.title;
    document.title = title ? `${title} – ${NAME}` : NAME;
  });
}
