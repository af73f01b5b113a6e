import { useSignalEffect } from '@preact/signals';
import type { Session } from './session.ts';

const NAME = 'Live view';
const HELP_WANTED = '● Help wanted – ';

/** Names the window after the tab that is shown, and says when a person is wanted. */
export function useTitle(session: Session): void {
  useSignalEffect(() => {
    const title = session.shownTab.value?.title;
    const isWanted = session.driving.isWaiting.value && session.canInteract.value;
    document.title = `${isWanted ? HELP_WANTED : ''}${title ? `${title} – ${NAME}` : NAME}`;
  });
}
