import { batch, computed, signal } from '@preact/signals';
import { Clipboard } from './clipboard.ts';
import { Connection, type ConnectionState } from './connection.ts';
import type { ServiceMessage, Told, ViewerMessage } from './contract.ts';
import { Downloads } from './downloads.ts';
import { Driving } from './driving.ts';
import { Notices } from './notices.ts';
import { Picture } from './picture.ts';
import { Screen } from './screen.ts';
import { ScreenKeyboard } from './screen-keyboard.ts';
import { Upload } from './upload.ts';

const NO_TABS: Told<'tabs'> = {
  t: 'tabs',
  tabs: [],
  current: null,
  turn: 0,
  isFollowing: true,
  canGoBack: false,
  canGoForward: false,
  isLoading: false,
};
/** What somebody who only watches says too. */
const OF_WATCHERS = new Set<ViewerMessage['t']>(['ack', 'ping', 'follow', 'room']);

/** What the page knows of the browser, and how it speaks to the service. */
export class Session {
  readonly state = signal<ConnectionState>({ name: 'connecting' });
  /** Undefined until the service said who this viewer is. */
  readonly view = signal<Told<'hello'> | undefined>(undefined);
  readonly tabs = signal(NO_TABS);
  readonly latencyMs = signal<number | undefined>(undefined);
  readonly cursor = signal('default');
  readonly popup = signal<Told<'popup'> | undefined>(undefined);
  readonly picker = signal<Told<'picker'> | undefined>(undefined);
  /** Those that wait for an answer, the latest last. */
  readonly dialogs = signal<Told<'dialog'>[]>([]);
  readonly chooser = signal<Told<'chooser'> | undefined>(undefined);
  /** The turn of the picture that is shown; undefined before the first. */
  readonly drawnTurn = signal<number | undefined>(undefined);

  readonly isLive = computed(() => this.state.value.name === 'live');
  readonly canInteract = computed(
    () => this.isLive.value && this.view.value?.isInteractive === true,
  );
  readonly hasControls = computed(() => this.view.value?.showControls === true);
  readonly shownTab = computed(() =>
    this.tabs.value.tabs.find(({ id }) => id === this.tabs.value.current),
  );

  readonly screen = new Screen();
  readonly keyboard = new ScreenKeyboard(this.screen);
  readonly notices = new Notices();
  readonly driving = new Driving({
    send: (message) => this.send(message),
    notices: this.notices,
    hasControls: this.hasControls,
  });
  readonly clipboard = new Clipboard();
  readonly picture = new Picture({
    send: (message) => this.send(message),
    turn: () => this.tabs.peek().turn,
    hasOverlay: () => (this.popup.peek() ?? this.picker.peek()) !== undefined,
    onSize: (page) => this.screen.shows(page),
    onDrawn: () => {
      this.drawnTurn.value = this.tabs.peek().turn;
    },
  });
  readonly downloads: Downloads;
  readonly upload: Upload;
  readonly #connection: Connection;

  /** `base` is the page's own address. */
  constructor(base: Pick<URL, 'origin' | 'pathname' | 'protocol'>, token: string) {
    const path = base.pathname.replace(/\/+$/, '');
    const below = (rest: string) => new URL(`${path}/${rest}`, base.origin);
    const socketUrl = below('ws');
    socketUrl.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#connection = new Connection({
      url: socketUrl.href,
      token,
      onMessage: (message) => batch(() => this.#told(message)),
      onPicture: (bytes) => void this.picture.show(bytes),
      onState: (state) => {
        this.state.value = state;
        if (state.name !== 'live') this.latencyMs.value = undefined;
        if (state.name === 'ended') this.#end();
      },
      onLatency: (ms) => {
        this.latencyMs.value = ms;
      },
    });
    this.upload = new Upload(this.#connection, this.notices);
    this.downloads = new Downloads((file) => below(`files/${encodeURIComponent(file)}`), token);
    this.screen.announce({ isLive: this.isLive, send: (message) => this.send(message) });
  }

  open(): void {
    this.#connection.open();
  }

  send(message: ViewerMessage): void {
    const isAct = !OF_WATCHERS.has(message.t);
    if (isAct && !this.view.peek()?.isInteractive) return;
    if (isAct) this.driving.acted();
    this.#connection.send(message);
  }

  // A later version of the service may say more than this page knows.
  #told(message: ServiceMessage): void {
    if (message.t === 'hello') this.#begin(message);
    else if (message.t === 'tabs') this.#showTabs(message);
    else if (message.t === 'control') this.#hearDriver(message);
    else if (message.t === 'cursor') this.cursor.value = message.cursor;
    else if (message.t === 'clipboard') this.clipboard.write(message.text);
    else if (message.t === 'download') this.downloads.add(message);
    else if (message.t === 'notice') this.#tell(message);
    else this.#hearPage(message);
  }

  /** What the page asks of whoever drives. */
  #hearPage(message: ServiceMessage): void {
    if (message.t === 'popup') this.popup.value = message;
    else if (message.t === 'picker') this.picker.value = message;
    else if (message.t === 'dialog') this.dialogs.value = [...this.dialogs.value, message];
    else if (message.t === 'dialogClosed') this.#closeDialog(message.dialog);
    else if (message.t === 'field') this.keyboard.focused(message);
    else if (message.t === 'chooser') this.chooser.value = message;
    else if (message.t === 'chooserClosed') this.#closeChooser(message.chooser);
  }

  #tell({ message, isTaken }: Told<'notice'>): void {
    const action = { name: 'Take control', act: () => this.driving.take() };
    this.notices.add(message, isTaken ? { action, isOfControl: true } : {});
  }

  #hearDriver(control: Told<'control'>): void {
    this.driving.hear(control);
    if (control.driver !== 'you') this.keyboard.forget();
  }

  #closeDialog(id: string): void {
    this.dialogs.value = this.dialogs.value.filter(({ dialog }) => dialog !== id);
  }

  #closeChooser(id: string): void {
    if (this.chooser.value?.chooser === id) this.chooser.value = undefined;
    this.upload.stop(id);
  }

  #begin(view: Told<'hello'>): void {
    this.view.value = view;
    this.picture.restart();
    this.driving.restart();
    this.#forgetQuestions();
  }

  /** Nobody asks anything any more. */
  #end(): void {
    this.#forgetQuestions();
    this.driving.end();
  }

  #forgetQuestions(): void {
    this.popup.value = undefined;
    this.picker.value = undefined;
    this.keyboard.forget();
    this.dialogs.value = [];
    this.chooser.value = undefined;
  }

  #showTabs(tabs: Told<'tabs'>): void {
    if (tabs.turn !== this.tabs.value.turn) {
      this.popup.value = undefined;
      this.picker.value = undefined;
      this.keyboard.forget();
      this.screen.zoom.reset();
    }
    this.tabs.value = tabs;
  }
}
