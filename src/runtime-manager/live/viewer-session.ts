import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Connection } from '../connections/connections.ts';
import { parseJson } from '../connections/parse-json.ts';
import type { ControlChange } from '../control/control.ts';
import { IncomingFiles } from './incoming-files.ts';
import {
  ActMessage,
  BrowseMessage,
  WatchMessage,
  type InputMessage,
  type ServiceMessage,
} from './messages.ts';
import { browse } from './browse.ts';
import type { RunView, RunViewer } from './run-view.ts';
import type { TabView } from './tab-view.ts';
import { Viewer } from './viewer.ts';
import { TakenError, ViewerControl } from './viewer-control.ts';
import { ViewerInput } from './viewer-input.ts';
import { ViewerTab } from './viewer-tab.ts';

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const NOT_UNDERSTOOD = 1007;
/** A viewer with more to be done is not read. */
const QUEUED_MAX = 200;
const BROWSE = new Set<string>(BrowseMessage.options.map(({ shape }) => shape.t.value));
const QUEUED_MAX_BYTES = 4 * 1024 * 1024;
/** Each change of who drives is recorded. */
const TURN_MS = 100;

/** One viewer of a run, from its coming to its going. */
export class ViewerSession implements RunViewer, Disposable {
  readonly #view: RunView;
  readonly #connection: Connection;
  readonly #socket: WebSocket;
  readonly #viewer: Viewer;
  readonly #control: ViewerControl;
  readonly #tab: ViewerTab;
  readonly #input: ViewerInput;
  readonly #files: IncomingFiles;
  #last: Promise<void> = Promise.resolve();
  #queued = 0;
  #queuedBytes = 0;
  #telling: NodeJS.Immediate | undefined;
  #isOver = false;

  constructor(view: RunView, connection: Connection, socket: WebSocket) {
    this.#view = view;
    this.#connection = connection;
    this.#socket = socket;
    const { browser } = view.run;
    this.#viewer = new Viewer(socket, connection.access === 'control');
    const { showControls, viewerMode } = this.#options;
    const { id, isInteractive } = this.#viewer;
    this.#control = new ViewerControl(browser.endpoints.control, id);
    this.#tab = new ViewerTab({
      view,
      viewer: this.#viewer,
      mode: viewerMode,
      drives: () => this.#control.drives,
    });
    this.#files = new IncomingFiles(browser.uploads, view.room);
    this.#input = new ViewerInput({
      viewer: this.#viewer,
      files: this.#files,
      tab: () => this.#tab.current,
      touched: () => this.#touch(),
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    this.#say({ t: 'hello', viewer: id, isInteractive, showControls, viewerMode });
    view.add(this);
    this.tabsChanged();
  }

  /** The tabs, or what is told of one, have changed. */
  tabsChanged(): void {
    this.#tab.turn();
    const { current: shown, isFollowing } = this.#tab;
    const navigation = { canGoBack: false, canGoForward: false, isLoading: false };
    this.#say({
      t: 'tabs',
      tabs: this.#view.tabs.map((tab) => tab.shown),
      current: shown?.pageId ?? null,
      turn: shown?.turn ?? 0,
      isFollowing,
      ...(shown?.navigation ?? navigation),
    });
  }

  tabOpened(tab: TabView): void {
    if (this.#tab.opened(tab)) this.tabsChanged();
  }

  tellControl(): void {
    this.#say({ t: 'control', viewers: this.#view.viewers, ...this.#control.shown });
  }

  controlChanged(change: ControlChange): void {
    this.#control.changed(change);
    if (!this.#control.drives) this.#enqueue(() => this.#input.letGo());
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
    void left.then(() => this.#tab.leave());
    this.#control.giveBack('left');
  }

  get #options() {
    return this.#connection.view ?? { showControls: true, viewerMode: 'last_used' as const };
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (isBinary) return this.#enqueue(() => this.#files.take(data), data.length);
    const json = parseJson(data);
    const { data: watched } = WatchMessage.safeParse(json);
    if (watched) return this.#watched(watched);
    const { data: message } = ActMessage.safeParse(json);
    if (!message) return this.#socket.close(NOT_UNDERSTOOD, 'The message is not understood.');
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
      this.#say({ t: 'notice', message, ...(error instanceof TakenError && { isTaken: true }) });
    }
  }

  #watched(message: WatchMessage): void {
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
        this.#tab.pin(message.tab);
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
    if (this.#viewer.tier === tier) void this.#tab.current?.showNext(this.#viewer);
    else this.#retier();
  }

  #retier(): void {
    this.#tab.current?.retier();
    void this.#tab.current?.showNext(this.#viewer);
  }

  async #act(message: ActMessage): Promise<void> {
    if (!this.#viewer.isInteractive) throw new Error('This view only shows the browser.');
    if (message.t === 'control') return this.#turnControl(message.do);
    if (isBrowsing(message)) {
      // A dialog holds the page up, whether there are controls or not.
      const isFree = this.#options.showControls || message.t === 'dialog';
      if (!isFree) throw new Error('This view has no controls.');
      this.#control.ensure();
      this.#touch();
      const place = {
        view: this.#view,
        tab: this.#tab.current,
        pin: (id: string) => this.#pin(id),
      };
      const going = browse(message, place);
      // A site may take its time: what helps against that is not to wait for it.
      if (message.t !== 'new') return void this.#toldOf(going);
      return going;
    }
    if (this.#passes(message)) return;
    this.#control.ensure();
    this.#tab.acts(message);
    await this.#input.carryOut(message);
  }

  async #turnControl(wish: 'take' | 'return'): Promise<void> {
    this.#touch();
    if (this.#control.drives === (wish === 'take')) return;
    if (wish === 'take') this.#control.take();
    else this.#control.giveBack('returned');
    await delay(TURN_MS, undefined, { ref: false });
  }

  /** A pointer may pass over the page of somebody else. */
  #passes(message: InputMessage): boolean {
    if (this.#control.drives) return false;
    const { t } = message;
    return (t === 'mouse' && message.type !== 'down') || (t === 'key' && message.type === 'up');
  }

  #pin(pageId: string): void {
    this.#tab.pin(pageId);
    this.tabsChanged();
  }

  #touch(): void {
    this.#connection.touch();
    this.#control.touch();
    const { current } = this.#tab;
    if (current) this.#view.used(current.pageId);
  }

  #say(message: ServiceMessage): void {
    this.#viewer.say(message);
  }
}

function isBrowsing(message: ActMessage): message is BrowseMessage {
  return BROWSE.has(message.t);
}
