import type { Logger } from 'pino';
import { cut as cutText } from '../browser/pages/page-events.ts';
import { every } from '../timing/every.ts';
import type { NewRecordingMark } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

const WRITE_MS = 1000;
/** A page can change its address all the time. */
const MARKS_MAX = 20_000;
/** Without these nobody knows which tabs there are, or why there is no video: so many more have room. */
const NEEDED: ReadonlySet<string> = new Set([
  'tab.opened',
  'tab.closed',
  'recording.paused',
  'recording.resumed',
  'recording.limited',
]);
const NEEDED_MAX = 20_000;
/** While the database is away, later marks are dropped. */
const WAITING_MAX = 2000;
/** Titles and addresses are as long as pages like. */
const TEXT_MAX = 1000;

/** Writes the index of a recording, a second late at most. */
export class MarkWriter implements AsyncDisposable {
  readonly #store: Pick<RecordingStore, 'addMarks'>;
  readonly #recordingId: string;
  readonly #timer: Disposable;
  #waiting: NewRecordingMark[] = [];
  #writing: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(store: Pick<RecordingStore, 'addMarks'>, recordingId: string, log: Logger) {
    this.#store = store;
    this.#recordingId = recordingId;
    this.#timer = every(
      WRITE_MS,
      () => this.#write(),
      (err) => log.warn({ err }, 'the index of a recording is not written for now'),
    );
  }

  add(mark: NewRecordingMark): void {
    const most = NEEDED.has(mark.type) ? MARKS_MAX + NEEDED_MAX : MARKS_MAX;
    if (this.#count >= most || this.#waiting.length >= WAITING_MAX) return;
    this.#count++;
    this.#waiting.push(mark);
    if (this.#count === MARKS_MAX) {
      this.#waiting.push({ ...mark, type: 'recording.limited', tabId: undefined, data: {} });
    }
  }

  /** One after the other: what two write at once would be there twice. */
  #write(): Promise<void> {
    const written = this.#writing.then(() => this.#writeWaiting());
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #writeWaiting(): Promise<void> {
    // More may come while these are written.
    const marks = [...this.#waiting];
    if (marks.length === 0) return;
    await this.#store.addMarks(this.#recordingId, marks);
    this.#waiting = this.#waiting.slice(marks.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#write();
  }
}

export function cut(text: string): string {
  return cutText(text, TEXT_MAX);
}

/** An address as the index shows it: without its query and fragment, and without the content of `data:`. */
export function withoutQuery(address: string): string {
  return address.startsWith('data:')
    ? address.replace(/,.*$/s, ',…')
    : address.replace(/[?#].*$/s, '');
}
