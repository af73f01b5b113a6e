import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Connection } from '../connections/connections.ts';
import { parseJson } from '../connections/parse-json.ts';
import type { ControlChange } from '../control/control.ts';
import { IncomingFiles } from './incoming-files.ts';
import { ViewerMessage, type ServiceMessage } from './messages.ts';
import type { RunView } from './run-view.ts';
import type { TabView } from './tab-view.ts';
import { Viewer } from './viewer.ts';
import { ViewerInput } from './viewer-input.ts';

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const NOT_UNDERSTOOD = 1007;
/** A viewer with more to be done is not read. */
const QUEUED_MAX = 200;
const QUEUED_MAX_BYTES = 4 * 1024 * 1024;
/** Each change of who drives is recorded. */
const TURN_MS = 100;
/** What changes nothing for others, and may be done by whoever watches. */
const WATCHING = new Set<ViewerMessage['t']>(['ack', 'ping', 'follow', 'room']);
/** What needs the address bar and the tabs. */
const CONTROLS = new Set<ViewerMessage['t']>(['go', 'history', 'reload', 'stop', 'new', 'close']);

/** One viewer of a run, from its coming to its going. */
export class ViewerSession implements Disposable {
  readonly #view: RunView;
  readonly #connection: Connection;
  readonly #socket: WebSocket;
  readonly #viewer: Viewer;
  readonly #input: ViewerInput;
  readonly #files: IncomingFiles;
  #last: Promise<void> = Promise.resolve();
  #queued = 0;
  #queuedBytes = 0;
  #telling: NodeJS.Immediate | undefined;
  #isOver = false;
  /** The tab that the viewer has chosen; undefined: the service chooses. */
  #pinned: string | undefined;
  #tab: TabView | undefined;

  constructor(view: RunView, connection: Connection, socket: WebSocket) {
    this.#view = view;
    this.#connection = connection;
    this.#socket = socket;
    const { browser } = view.run;
    this.#viewer = new Viewer(socket, connection.access === 'control');
    this.#files = new IncomingFiles(browser.uploads, view.room);
    this.#input = new ViewerInput({
      viewer: this.#viewer,
      control: browser.endpoints.control,
      files: this.#files,
      tab: () => this.#tab,
      touched: () => this.#touch(),
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    const { showControls, viewerMode } = this.#options;
    const { id, isInteractive } = this.#viewer;
    this.#say({ t: 'hello', viewer: id, isInteractive, showControls, viewerMode });
    view.add(this);
    this.tabsChanged();
  }

  /** The tabs, or what is told of one, have changed. */
  tabsChanged(): void {
    const { viewerMode } = this.#options;
    const shown = this.#view.tab(this.#pinned) ?? this.#view.chosen(viewerMode);
    if (shown !== this.#tab) this.#turnTo(shown);
    const navigation = { canGoBack: false, canGoForward: false, isLoading: false };
    this.#say({
      t: 'tabs',
      tabs: this.#view.tabs.map((tab) => tab.shown),
      current: shown?.pageId ?? null,
      turn: this.#viewer.turn,
      isFollowing: this.#view.tab(this.#pinned) === undefined,
      ...(shown?.navigation ?? navigation),
    });
  }

  tellControl(): void {
    const { hold, request } = this.#control.state;
    const human = hold?.viewer === this.#viewer.id ? 'you' : 'human';
    const asked = request ? { reason: request.reason, at: request.at.toISOString() } : null;
    const driver = hold ? human : 'agent';
    this.#say({ t: 'control', driver, viewers: this.#view.viewers, request: asked });
  }

  controlChanged(_change: ControlChange): void {
    if (this.#control.hold?.viewer === this.#viewer.id) return;
    this.#enqueue(() => this.#input.letGo());
  }

  offer(download: { file: string; name: string; sizeBytes: number }): void {
    if (this.#viewer.isInteractive) this.#say({ t: 'download', ...download });
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearImmediate(this.#telling);
    this.#view.remove(this);
    this.#files[Symbol.dispose]();
    // What is under way may still press something.
    const left = this.#last.then(() => this.#input.letGo()).catch(() => undefined);
    void left.then(() => this.#tab?.remove(this.#viewer));
    if (this.#control.hold?.viewer === this.#viewer.id) this.#control.giveBack('left');
  }

  get #control() {
    return this.#view.run.browser.endpoints.control;
  }

  get #options() {
    return this.#connection.view ?? { showControls: true, viewerMode: 'last_used' as const };
  }

  #turnTo(tab: TabView | undefined): void {
    this.#tab?.remove(this.#viewer);
    this.#tab = tab;
    this.#viewer.turnOver();
    tab?.add(this.#viewer);
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (isBinary) return this.#enqueue(() => this.#files.take(data), data.length);
    const { data: message } = ViewerMessage.safeParse(parseJson(data));
    if (!message) return this.#socket.close(NOT_UNDERSTOOD, 'The message is not understood.');
    if (WATCHING.has(message.t)) return this.#watched(message);
    this.#enqueue(() => this.#act(message), data.length);
  }

  /** One after the other: a press that asks the page is not overtaken by the keys that follow. */
  #enqueue(work: () => Promise<void>, bytes = 0): void {
    this.#count(1, bytes);
    this.#last = this.#last.then(async () => {
      // Whoever left takes no control any more.
      if (!this.#isOver) await this.#toldOf(work());
      this.#count(-1, -bytes);
    });
  }

  #count(messages: number, bytes: number): void {
    this.#queued += messages;
    this.#queuedBytes += bytes;
    const isBehind = this.#queued >= QUEUED_MAX || this.#queuedBytes >= QUEUED_MAX_BYTES;
    if (isBehind) this.#socket.pause();
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  /** Tells the viewer why something was not done. */
  async #toldOf(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#say({ t: 'notice', message });
    }
  }

  #watched(message: ViewerMessage): void {
    switch (message.t) {
      case 'ack':
        this.#drawn(message.seq);
        return;
      case 'ping':
        this.#say({ t: 'pong', n: message.n });
        return;
      case 'room':
        this.#viewer.setWidth(message.width);
        this.#retier();
        return;
      case 'follow':
        this.#pinned = message.tab;
        // Once for many that come together.
        this.#telling ??= setImmediate(() => {
          this.#telling = undefined;
          this.tabsChanged();
        });
    }
  }

  #drawn(seq: number): void {
    const { tier } = this.#viewer;
    this.#viewer.drawn(seq);
    if (this.#viewer.tier === tier) void this.#tab?.showNext(this.#viewer);
    else this.#retier();
  }

  #retier(): void {
    this.#tab?.retier();
    void this.#tab?.showNext(this.#viewer);
  }

  async #act(message: ViewerMessage): Promise<void> {
    if (!this.#viewer.isInteractive) throw new Error('This view only shows the browser.');
    if (CONTROLS.has(message.t) && !this.#options.showControls) {
      throw new Error('This view has no controls.');
    }
    if (message.t === 'control') return this.#turnControl(message.do);
    if (!this.#drives(message)) return;
    await this.#carryOut(message);
  }

  async #turnControl(wish: 'take' | 'return'): Promise<void> {
    const { hold } = this.#control;
    const isOurs = hold?.viewer === this.#viewer.id;
    this.#touch();
    if (isOurs === (wish === 'take')) return;
    if (wish === 'take') this.#control.take({ ...hold, viewer: this.#viewer.id });
    else this.#control.giveBack('returned');
    await delay(TURN_MS, undefined, { ref: false });
  }

  /** Whoever does something takes control, unless another person has it. A pointer may just pass. */
  #drives(message: ViewerMessage): boolean {
    const { hold } = this.#control;
    if (hold?.viewer === this.#viewer.id) return true;
    const isIdle = message.t === 'mouse' && message.type !== 'down';
    if (isIdle || (message.t === 'key' && message.type === 'up')) return false;
    if (hold?.viewer !== undefined) {
      throw new Error('Somebody else drives the browser. Take control first.');
    }
    this.#control.take({ ...hold, viewer: this.#viewer.id });
    return true;
  }

  async #carryOut(message: ViewerMessage): Promise<void> {
    switch (message.t) {
      case 'mouse':
        return this.#input.mouse(message);
      case 'wheel':
        return this.#input.wheel(message);
      case 'touch':
        return this.#input.touch(message);
      case 'key':
        return this.#input.key(message);
      case 'text':
        return this.#input.text(message.text);
      case 'compose':
        return this.#input.compose(message.text);
      case 'paste':
        return this.#input.paste(message.text);
      case 'choose':
        return this.#input.choose(message);
      case 'pick':
        return this.#input.pick(message);
      case 'files':
        return this.#input.chooseFiles(message);
      default:
        return this.#navigate(message);
    }
  }

  /** A site may take its time: what helps against that is not to wait for it. */
  async #navigate(message: ViewerMessage): Promise<void> {
    this.#touch();
    if (message.t !== 'new') return void this.#toldOf(this.#goOn(message));
    this.#pinned = await this.#view.run.browser.pages.open(this.#tab?.pageId);
    this.#view.changed();
  }

  async #goOn(message: ViewerMessage): Promise<void> {
    const tab = this.#tab;
    switch (message.t) {
      case 'dialog':
        return tab?.answerDialog(message.dialog, message.accept, message.text);
      case 'go':
        return tab?.go(toAddress(message.url));
      case 'history':
        return tab?.goBy(message.by);
      case 'reload':
        return tab?.reload();
      case 'stop':
        return tab?.stop();
      case 'close':
        // Nothing but tabs can be closed.
        if (this.#view.tab(message.tab)) await this.#view.run.browser.pages.close(message.tab);
    }
  }

  #touch(): void {
    this.#connection.touch();
    this.#control.touch();
    if (this.#tab) this.#view.used(this.#tab.pageId);
  }

  #say(message: ServiceMessage): void {
    this.#viewer.say(message);
  }
}

/** What a person types into an address bar. */
function toAddress(typed: string): string {
  const text = typed.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text);
  return hasScheme ? text : `https://${text}`;
}
