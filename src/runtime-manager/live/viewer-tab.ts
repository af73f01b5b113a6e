import type { ViewOptions } from '../runtime/access.ts';
import type { InputMessage } from './messages.ts';
import type { RunView } from './run-view.ts';
import type { TabView } from './tab-view.ts';
import type { Viewer } from './viewer.ts';

/** For so long a page may open tabs after a person did something in it, as in Chromium. */
const ACTIVATION_MS = 5000;

export interface ViewerTabParts {
  view: RunView;
  viewer: Viewer;
  mode: ViewOptions['viewerMode'];
  /** Whether the viewer drives now. */
  drives: () => boolean;
}

/**
 * Which tab one viewer sees: the one that it chose, or the one that is used. Whoever drives stays in
 * a tab whatever programs do in others, since the next key would go there, and comes only to tabs
 * that its own click has opened.
 */
export class ViewerTab {
  readonly #parts: ViewerTabParts;
  /** The tab that the viewer has chosen; undefined: the service chooses. */
  #pinned: string | undefined;
  #current: TabView | undefined;
  #actedAt = -Infinity;

  constructor(parts: ViewerTabParts) {
    this.#parts = parts;
  }

  get current(): TabView | undefined {
    return this.#current;
  }

  get isFollowing(): boolean {
    return this.#parts.view.tab(this.#pinned) === undefined;
  }

  pin(pageId: string | undefined): void {
    this.#pinned = pageId;
  }

  /** Turns to the tab that the viewer sees now. */
  turn(): void {
    const { view, mode } = this.#parts;
    this.#turnTo(view.tab(this.#pinned) ?? this.#kept ?? view.chosen(mode));
  }

  /** The viewer, who drives, does something in the tab. */
  acts(message: InputMessage): void {
    if (activates(message)) this.#actedAt = performance.now();
  }

  /** A tab was opened. Whether the viewer is shown it. */
  opened(tab: TabView): boolean {
    const { drives } = this.#parts;
    const isOurs = drives() && tab.openerId !== undefined && tab.openerId === this.#current?.pageId;
    if (!isOurs || performance.now() - this.#actedAt > ACTIVATION_MS) return false;
    if (!this.isFollowing) this.#pinned = tab.pageId;
    this.#turnTo(tab);
    return true;
  }

  leave(): void {
    this.#current?.remove(this.#parts.viewer);
  }

  /** Where a viewer stays that drives; when the tab was closed, the one that opened it. */
  get #kept(): TabView | undefined {
    const { view, drives } = this.#parts;
    if (!drives()) return undefined;
    return view.tab(this.#current?.pageId) ?? view.tab(this.#current?.openerId);
  }

  #turnTo(tab: TabView | undefined): void {
    if (tab === this.#current) return;
    const { viewer } = this.#parts;
    this.#current?.remove(viewer);
    this.#current = tab;
    viewer.turnOver();
    tab?.add(viewer);
  }
}

/** https://html.spec.whatwg.org/multipage/interaction.html#activation-triggering-input-event */
function activates(message: InputMessage): boolean {
  if (message.t === 'mouse' || message.t === 'key') return message.type === 'down';
  return message.t === 'touch' && message.type === 'end';
}
