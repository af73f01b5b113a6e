import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { CdpResult } from '../browser/cdp/protocol.ts';
import type { Pages } from '../browser/pages/pages.ts';
import { whenActive } from './when-active.ts';

/** What a picture is drawn into: those of larger windows are made smaller. */
const BOX = { maxWidth: 1280, maxHeight: 720 };
const READ_BYTES = 256 * 1024;
const LAST_POLL_MS = 10;
const LAST_MS = 500;
/** The first picture is awaited so often; on a busy machine its encoder takes seconds to start. */
const FIRST_POLL_MS = 20;
const FIRST_MS = 15_000;
/** How long a picture takes from the page to the file. */
const ENCODED_MS = 25;
/** A browser that does not end a recording by then is busy, or on its way out. */
const STOP_MS = 3000;

export interface SegmentParts {
  pages: Pick<Pages, 'attach'>;
  pageId: string;
  /** Pictures a second, at most. */
  frameRate: number;
  /** The file that it is written to. */
  path: string;
  /** The page has another size now: its picture has bars beside it from now on. */
  resized: () => void;
}

/**
 * A video of one tab that Chromium is making. It writes AV1 as fragmented MP4, a fragment with each key
 * frame, of which there is one in 20 frames; so a file that is cut off anywhere has a whole beginning.
 */
export class OpenSegment {
  readonly path: string;
  readonly #session: CdpSession;
  readonly #stream: string;
  readonly #file: FileHandle;
  /** An encoder that has made no picture by then makes none. By `performance.now()`. */
  readonly #firstByMs = performance.now() + FIRST_MS;
  #bytes = 0;
  #reading: Promise<void> = Promise.resolve();

  private constructor(path: string, session: CdpSession, stream: string, file: FileHandle) {
    this.path = path;
    this.#session = session;
    this.#stream = stream;
    this.#file = file;
  }

  /** Throws as `CdpSession.send`: a refusal may mean that Chromium cannot record. */
  static async start({
    pages,
    pageId,
    frameRate,
    path,
    resized,
  }: SegmentParts): Promise<OpenSegment> {
    await using undo = new AsyncDisposableStack();
    const session = undo.use(await pages.attach(pageId));
    const { stream } = await whenActive(session, () =>
      session.send('Page.startScreenRecording', { ...BOX, frameRate }),
    );
    session.on('Page.frameResized', resized);
    // A page that shows a dialog answers when that is closed.
    session.send('Page.enable', {}, { signal: session.gone }).catch(() => undefined);
    const file = undo.adopt(await open(path, 'wx', 0o600), (opened) => opened.close());
    undo.move();
    return new OpenSegment(path, session, stream, file);
  }

  /** When the first picture was taken, by `performance.now()`: times in the video begin there. */
  async begun(): Promise<number> {
    while (this.#bytes === 0 && performance.now() < this.#firstByMs && !this.gone.aborted) {
      await this.read().catch(() => undefined);
      if (this.#bytes === 0) await delay(FIRST_POLL_MS);
    }
    return performance.now() - ENCODED_MS;
  }

  /** What was read of it so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Aborts when the tab has gone: what was not read by then is lost. */
  get gone(): AbortSignal {
    return this.#session.gone;
  }

  /** Writes what Chromium has made by now. */
  read(): Promise<void> {
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /** Ends the video, and writes the rest of it. Never rejects: what cannot be read is lost. */
  async stop(): Promise<void> {
    try {
      const options = { timeoutMs: STOP_MS };
      await this.read().catch(() => undefined);
      const before = this.#bytes;
      await this.#session.send('Page.stopScreenRecording', {}, options);
      await this.#readLast(before);
      await this.#session.send('IO.close', { handle: this.#stream }, options);
    } catch {
      await this.#reading;
    } finally {
      this.#session[Symbol.dispose]();
      await this.#file.datasync().catch(() => undefined);
      await this.#file.close();
    }
  }

  /** What is left is written a moment after Chromium has answered. */
  async #readLast(before: number): Promise<void> {
    const latest = performance.now() + LAST_MS;
    await this.read();
    while (this.#bytes === before && performance.now() < latest) {
      await delay(LAST_POLL_MS);
      await this.read();
    }
  }

  /** Undefined until there is a picture: Chromium may refuse meanwhile. */
  async #nextPart(): Promise<CdpResult<'IO.read'> | undefined> {
    try {
      return await this.#session.send('IO.read', { handle: this.#stream, size: READ_BYTES });
    } catch (error) {
      const isFirst = this.#bytes === 0 && performance.now() < this.#firstByMs;
      if (isFirst && !this.gone.aborted) return undefined;
      throw error;
    }
  }

  async #read(): Promise<void> {
    for (let isEnd = false; !isEnd;) {
      const part = await this.#nextPart();
      if (!part) return;
      const content = Buffer.from(part.data, 'base64');
      if (content.length > 0) await this.#file.appendFile(content);
      this.#bytes += content.length;
      isEnd = part.eof || content.length === 0;
    }
  }
}
