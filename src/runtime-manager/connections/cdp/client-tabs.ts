import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import { CdpCommand } from './cdp-policy.ts';
import type { Acting } from '../websocket/websocket-bridge.ts';

const START_BYTES = 160;
const END_BYTES = 80;
const METHOD = /"method"\s*:\s*"([A-Za-z]+\.[A-Za-z]+)"/;
const SESSION = /"sessionId"\s*:\s*"([^"]*)"/;
const ATTACHED = '{"method":"Target.attachedToTarget"';
const DETACHED = '{"method":"Target.detachedFromTarget"';
const CHOOSER = 'Page.setInterceptFileChooserDialog';
/** When there are more sessions, the oldest are forgotten. */
const SESSIONS_MAX = 1000;

/** What a program does with a tab, rather than what a driver does by itself with all of them. */
const USES = new Set([
  'DOM.setFileInputFiles',
  'Page.bringToFront',
  'Page.captureScreenshot',
  'Page.navigate',
  'Page.navigateToHistoryEntry',
  'Page.printToPDF',
  'Page.reload',
  'Runtime.callFunctionOn',
]);

const Attached = z.object({
  params: z.object({
    sessionId: z.string(),
    targetInfo: z.object({ targetId: z.string(), type: z.string() }),
  }),
  sessionId: z.string().optional(),
});
const Detached = z.object({ params: z.object({ sessionId: z.string() }) });

/** What all clients of one browser do with its tabs. */
export class ClientTabs {
  readonly #listeners = new Set<(pageId: string) => void>();
  readonly #choosers = new Map<object, string>();
  #lastUsed: string | undefined;
  #lastTold: string | undefined;

  /** The tab that a program used last. */
  get lastUsed(): string | undefined {
    return this.#lastUsed;
  }

  /** Calls `listener` with each tab that a program uses after another one, until the result is disposed. */
  onUse(listener: (pageId: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Whether a client answers the file choosers of a tab itself. */
  interceptsChoosers(pageId: string): boolean {
    return [...this.#choosers.values()].includes(pageId);
  }

  /** Tells of the next use, whichever tab it is of: a person may have used another meanwhile. */
  tellNext(): void {
    this.#lastTold = undefined;
  }

  used(pageId: string): void {
    this.#lastUsed = pageId;
    if (this.#lastTold === pageId) return;
    this.#lastTold = pageId;
    for (const listener of this.#listeners) listener(pageId);
  }

  /** `session` stands for one session of one client. */
  setChooser(session: object, pageId: string | undefined): void {
    if (pageId === undefined) this.#choosers.delete(session);
    else this.#choosers.set(session, pageId);
  }
}

/** Notes which tabs one client uses; it takes no command and keeps no event. */
export class TabUse implements Acting {
  readonly answerStartBytes = DETACHED.length;
  readonly isFull = false;
  readonly #tabs: ClientTabs;
  /** The tab of each session, also of the sessions with frames in it. */
  readonly #sessions = new Map<string | undefined, { pageId: string }>();

  /** `pageId`: the tab that the connection itself leads to. */
  constructor(tabs: ClientTabs, pageId: string | undefined) {
    this.#tabs = tabs;
    if (pageId !== undefined) this.#sessions.set(undefined, { pageId });
  }

  take(payload: Buffer): boolean {
    const start = payload.toString('latin1', 0, START_BYTES);
    const [, method = ''] = METHOD.exec(start) ?? [];
    const isUse = method.startsWith('Input.') || USES.has(method);
    if (!isUse && method !== CHOOSER) return false;
    const end = payload.toString('latin1', Math.max(0, payload.length - END_BYTES));
    const sessionId = (SESSION.exec(end) ?? SESSION.exec(start))?.[1];
    const session = this.#sessions.get(sessionId);
    if (!session) return false;
    if (isUse) this.#tabs.used(session.pageId);
    else this.#noteChooser(session, payload);
    return false;
  }

  isAnswer(start: Buffer): boolean {
    const text = start.toString('latin1', 0, this.answerStartBytes);
    return text.startsWith(ATTACHED) || text.startsWith(DETACHED);
  }

  answer(payload: Buffer): Buffer {
    const json = parseJson(payload);
    const { data: attached } = Attached.safeParse(json);
    if (attached) this.#attached(attached);
    else this.#forget(Detached.safeParse(json).data?.params.sessionId);
    return payload;
  }

  close(): void {
    for (const session of this.#sessions.values()) this.#tabs.setChooser(session, undefined);
    this.#sessions.clear();
  }

  #attached({ params, sessionId: parent }: z.infer<typeof Attached>): void {
    const { sessionId, targetInfo } = params;
    const pageId = targetInfo.type === 'page' ? targetInfo.targetId : undefined;
    const above = this.#sessions.get(parent)?.pageId;
    const tab = pageId ?? above;
    if (tab === undefined) return;
    this.#sessions.set(sessionId, { pageId: tab });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX) this.#forget(oldest);
  }

  #forget(sessionId: string | undefined): void {
    const session = this.#sessions.get(sessionId);
    if (session) this.#tabs.setChooser(session, undefined);
    this.#sessions.delete(sessionId);
  }

  #noteChooser(session: { pageId: string }, payload: Buffer): void {
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (command?.method !== CHOOSER) return;
    const isEnabled = command.params?.['enabled'] === true;
    this.#tabs.setChooser(session, isEnabled ? session.pageId : undefined);
  }
}
