import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingFiles } from './incoming-files.ts';
import type { InputMessage, ServiceMessage } from './messages.ts';
import { OpenedControl } from './opened-control.ts';
import type { FoundAt } from './page-questions.ts';
import type { TabView } from './tab-view.ts';
import type { TabWatch } from './tab-watch.ts';
import type { Viewer } from './viewer.ts';
import {
  copies,
  keyCommand,
  mouseCommand,
  pressed,
  touchCommand,
  wheelCommand,
  type InputCommand,
} from './viewer-commands.ts';

type Said<T extends InputMessage['t']> = Extract<InputMessage, { t: T }>;

/** A page that hangs does not hold up what comes after. */
const PRESS_MS = 1000;
/** How many commands a page may leave unanswered before it gets no more. */
const GIVEN_MAX = 200;
/** How many keys can be down. */
const KEYS_MAX = 200;
/** A tap becomes a click a moment after it, and in a busy browser some moments later. */
const TAP_MS = 100;
const LATER_LOOKS_MS = [300, 1000, 3000];
const CTRL = 2;
const PASTE = { key: 'v', keyCode: 86 };

export interface ViewerInputParts {
  viewer: Viewer;
  files: IncomingFiles;
  /** The tab that the viewer sees. */
  tab: () => TabView | undefined;
  /** The viewer did something: the runtime is in use. */
  touched: () => void;
}

/** What one viewer does with mouse, keyboard, fingers and clipboard, and with what the page opens for them. */
export class ViewerInput {
  readonly #parts: ViewerInputParts;
  /** Those that are down, by their codes, as they were pressed. */
  readonly #keys = new Map<string, Said<'key'>>();
  readonly #opened: OpenedControl;
  #button: Said<'mouse'> | undefined;
  /** Where the pointer is on a page, and when that page has heard of it. */
  #pointer: { watch: TabWatch; x: number; y: number; isThere: Promise<void> } | undefined;
  #touched: { x: number; y: number } | undefined;
  /** The field that has the focus, as the viewer was told. */
  #field: FoundAt['field'];
  #isLooking = false;
  #given = 0;
  /** What has left a press or a text unanswered, for as long as it does. */
  #hangs: TabWatch | undefined;
  #cursor: string | undefined;

  constructor(parts: ViewerInputParts) {
    this.#parts = parts;
    this.#opened = new OpenedControl({
      give: (watch, command) => void this.#give(watch, command),
      say: (message) => this.#say(message),
    });
  }

  /** Resolves when the next message may be carried out. */
  async carryOut(message: InputMessage): Promise<void> {
    switch (message.t) {
      case 'mouse':
        return this.#mouse(message);
      case 'wheel':
        return this.#wheel(message);
      case 'touch':
        return this.#touch(message);
      case 'key':
        return this.#key(message);
      case 'text':
        return this.#text(message.text);
      case 'compose':
        return this.#compose(message.text);
      case 'paste':
        return this.#paste(message.text);
      case 'choose':
      case 'pick':
        return this.#answer(message);
      case 'files':
        return this.#chooseFiles(message);
    }
  }

  /** Lets go what is down, and closes what is open: somebody else drives now. */
  async letGo(): Promise<void> {
    const watch = await this.#parts.tab()?.watch;
    const [keys, button] = [[...this.#keys.values()], this.#button];
    this.#keys.clear();
    this.#button = undefined;
    this.#pointer = undefined;
    this.#touched = undefined;
    if (!watch) return this.#opened.forget();
    await this.#opened.leave(watch);
    for (const key of keys)
      void this.#give(watch, keyCommand({ ...key, type: 'up', isRepeat: false }));
    if (button) void this.#give(watch, mouseCommand({ ...button, type: 'up', buttons: 0 }));
    await quietly(watch.interceptChoosers(false));
  }

  async #mouse(said: Said<'mouse'>): Promise<void> {
    const watch = await this.#watch();
    if (!watch) return;
    if (said.type === 'move') {
      this.#move(watch, said);
      void this.#look(watch, said);
      return;
    }
    if (said.type === 'down') await watch.interceptChoosers(true);
    await this.#arrive(watch, said);
    this.#button = said.type === 'down' ? said : undefined;
    if (said.type === 'down') {
      this.#opened.forget();
      this.#touched = undefined;
    }
    const isDone = await this.#isDone(watch, this.#give(watch, mouseCommand(said)));
    // Lists open when the button is pressed, pickers when it is let go.
    const mayOpen = isDone && said.button === 'left' && !this.#opened.isOpen;
    if (mayOpen) this.#opened.show((await watch.questions.at(said))?.open);
  }

  async #wheel(said: Said<'wheel'>): Promise<void> {
    const watch = await this.#watch();
    if (watch) void this.#give(watch, wheelCommand(said));
  }

  async #touch(said: Said<'touch'>): Promise<void> {
    const watch = await this.#watch();
    if (!watch) return;
    if (said.type === 'start') await watch.interceptChoosers(true);
    void this.#give(watch, touchCommand(said));
    const [point] = said.points;
    if (said.type === 'start' && point) this.#touched = point;
    if (said.type === 'cancel') this.#touched = undefined;
    if (said.type !== 'end' || said.points.length > 0 || !this.#touched) return;
    const tapped = this.#touched;
    await delay(TAP_MS, undefined, { ref: false });
    const found = await watch.questions.at(tapped, { isTouch: true });
    // First, since a list that has opened takes the keys of the viewer's page.
    if (found) this.#tellField(found.field);
    this.#opened.show(found?.open);
    void this.#lookAgain(watch, tapped);
  }

  /** Looks whether the focus went elsewhere after all, until the next touch or click. */
  async #lookAgain(watch: TabWatch, tapped: { x: number; y: number }): Promise<void> {
    for (const ms of LATER_LOOKS_MS) {
      await delay(ms, undefined, { ref: false });
      if (this.#touched !== tapped) return;
      const found = await watch.questions.at(tapped, { isTouch: true });
      const hasMoved = String(found?.field?.at) !== String(this.#field?.at);
      if (found && hasMoved && this.#touched === tapped) this.#tellField(found.field);
    }
  }

  #tellField(field: FoundAt['field']): void {
    if (field) this.#say({ t: 'field', ...field });
    else if (this.#field) this.#say({ t: 'field', at: null, isChosen: false, kind: 'text' });
    this.#field = field;
  }

  async #key(said: Said<'key'>): Promise<void> {
    const watch = await this.#watch();
    if (!watch) return;
    if (said.type === 'up') this.#keys.delete(said.code);
    else if (this.#keys.size < KEYS_MAX) this.#keys.set(said.code, said);
    // What is cut is gone afterwards.
    const text = copies(said) ? await watch.questions.selectedText() : '';
    void this.#give(watch, keyCommand(said));
    if (text !== '') this.#say({ t: 'clipboard', text });
  }

  async #text(text: string): Promise<void> {
    const watch = await this.#watch();
    if (watch) await this.#insert(watch, text);
  }

  async #compose(text: string): Promise<void> {
    const watch = await this.#watch();
    const { length } = text;
    const params = { text, selectionStart: length, selectionEnd: length };
    if (watch) void this.#give(watch, { method: 'Input.imeSetComposition', params });
  }

  /**
   * Pastes as a person does, so that the page hears of it, where the page may use the clipboard;
   * elsewhere the page is told, and the text typed unless the page took it.
   */
  async #paste(text: string): Promise<void> {
    const watch = await this.#watch();
    if (!watch) return;
    if (await watch.questions.writeClipboard(text)) {
      const [down, up] = pressed(PASTE, CTRL).map(keyCommand);
      if (down)
        void this.#give(watch, { ...down, params: { ...down.params, commands: ['paste'] } });
      if (up) void this.#give(watch, up);
    } else if (!(await watch.questions.offerPaste(text))) {
      await this.#insert(watch, text);
    }
  }

  /** Answers what Chromium has opened. */
  async #answer(said: Said<'choose' | 'pick'>): Promise<void> {
    const watch = await this.#watch();
    if (!watch) return;
    if (said.t === 'choose') await this.#opened.choose(watch, said);
    else await this.#opened.pick(watch, said);
  }

  async #chooseFiles({ chooser, files }: Said<'files'>): Promise<void> {
    const tab = this.#parts.tab();
    if (!tab) return;
    if (files.length === 0) return tab.answerChooser(chooser, []);
    // Their contents come after this, and are not to wait for it.
    const received = this.#parts.files.receive(files);
    received
      .then((paths) => tab.answerChooser(chooser, paths))
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#say({ t: 'notice', message });
      });
  }

  async #watch(): Promise<TabWatch | undefined> {
    this.#parts.touched();
    return this.#parts.tab()?.watch;
  }

  #move(watch: TabWatch, said: Said<'mouse'>): void {
    const isThere = this.#give(watch, mouseCommand(said));
    this.#pointer = { watch, x: said.x, y: said.y, isThere };
  }

  /**
   * Waits until the page has the pointer where a button is pressed or let go. The page was not told
   * where it went while somebody else drove, and a date's picker opens only below a pointer that came
   * there; what is dropped before its drag arrived is dropped nowhere.
   */
  async #arrive(watch: TabWatch, said: Said<'mouse'>): Promise<void> {
    const { x, y } = said;
    const before = this.#pointer;
    const isThere = before?.watch === watch && before.x === x && before.y === y;
    if (!isThere) {
      const buttons = this.#button?.buttons ?? 0;
      this.#move(watch, { ...said, type: 'move', button: 'none', buttons, clicks: 0 });
    }
    if (this.#pointer) await this.#isDone(watch, this.#pointer.isThere);
  }

  /** Commands go in their order. What resolves with the answer is seldom waited for: a page may take its time. */
  async #give(watch: TabWatch, command: InputCommand): Promise<void> {
    if (this.#given >= GIVEN_MAX) return;
    this.#given++;
    await quietly(watch.input(command));
    this.#given--;
  }

  /** Texts may be large, so the next one waits. */
  async #insert(watch: TabWatch, text: string): Promise<void> {
    await this.#isDone(watch, this.#give(watch, { method: 'Input.insertText', params: { text } }));
  }

  /** Whether the page has answered a press or a text; one that hangs is waited for once. */
  async #isDone(watch: TabWatch, given: Promise<void>): Promise<boolean> {
    if (this.#hangs === watch) return false;
    const late = delay(PRESS_MS, false, { ref: false });
    if (await Promise.race([given.then(() => true), late])) return true;
    this.#hangs = watch;
    void given.then(() => (this.#hangs = undefined));
    return false;
  }

  /** Tells what the pointer looks like now, one question at a time. */
  async #look(watch: TabWatch, { x, y }: Said<'mouse'>): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const found = await watch.questions.at({ x, y });
    this.#isLooking = false;
    if (!found || found.cursor === this.#cursor) return;
    this.#cursor = found.cursor;
    this.#say({ t: 'cursor', cursor: found.cursor });
  }

  #say(message: ServiceMessage): void {
    this.#parts.viewer.say(message);
  }
}

/** A page that went away, or hangs, takes no input. */
async function quietly(given: Promise<void>): Promise<void> {
  await given.catch(() => undefined);
}
