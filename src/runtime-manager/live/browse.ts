import type { BrowseMessage } from './messages.ts';
import type { RunView } from './run-view.ts';
import type { TabView } from './tab-view.ts';

/** Where a viewer is. */
export interface BrowsePlace {
  view: RunView;
  tab: TabView | undefined;
  /** Shows the viewer a tab. */
  pin: (pageId: string) => void;
}

/** Goes where a viewer wants to. Throws a sentence for the viewer, or as `CdpSession.send`. */
export async function browse(
  message: BrowseMessage,
  { view, tab, pin }: BrowsePlace,
): Promise<void> {
  const { pages } = view.run.browser;
  if (message.t === 'new') return pin(await pages.open(tab?.pageId));
  if (message.t === 'close') {
    // Nothing but tabs can be closed.
    if (view.tab(message.tab)) await pages.close(message.tab);
    return;
  }
  if (!tab) return;
  switch (message.t) {
    case 'dialog':
      return tab.answerDialog(message.dialog, message.accept, message.text);
    case 'go':
      return tab.go(toAddress(message.url));
    case 'history':
      return tab.goBy(message.by);
    case 'reload':
      return tab.reload();
    case 'stop':
      return tab.stop();
  }
}

/** What a person types into an address bar. */
function toAddress(typed: string): string {
  const text = typed.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text);
  return hasScheme ? text : `https://${text}`;
}
