import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer, { type CDPSession, type Page } from 'puppeteer-core';
import { inject, onTestFinished } from 'vitest';
import type { PartFile } from '../../src/runtime-manager/recording/join/write-joined.ts';
import { openFolder } from './folder.ts';

const READ_BYTES = 2 ** 18;

/** A page of one colour, in a Chromium without the service, and recordings of it as files. */
export class RecordedPage {
  readonly page: Page;
  readonly #folder: string;
  readonly #beganAt = performance.now();
  #recordings = 0;

  private constructor(page: Page, folder: string) {
    this.page = page;
    this.#folder = folder;
  }

  static async open(): Promise<RecordedPage> {
    const folder = await openFolder();
    const browser = await puppeteer.launch({
      executablePath: inject('chromiumPath'),
      args: ['--no-sandbox'],
      defaultViewport: { width: 640, height: 360 },
    });
    onTestFinished(() => browser.close());
    const [page = await browser.newPage()] = await browser.pages();
    await page.setContent(
      '<style>body { font: 40px monospace; color: white }</style><body></body>',
    );
    return new RecordedPage(page, folder);
  }

  /** The time of all recordings of this page. */
  get nowMs(): number {
    return performance.now() - this.#beganAt;
  }

  /** Resolves with when the page had this colour at the latest. */
  async show(colour: string): Promise<number> {
    await this.page.evaluate(`new Promise((drawn) => {
      document.body.style.background = '${colour}';
      requestAnimationFrame(() => requestAnimationFrame(drawn));
    })`);
    return this.nowMs;
  }

  /** Writes the time into the page again and again, so that there is something to record. */
  async animate(): Promise<void> {
    await this.page.evaluate(`setInterval(() => {
      document.body.textContent = String(Math.round(performance.now()));
    }, 100)`);
  }

  async record(): Promise<PageRecording> {
    const session = await this.page.createCDPSession();
    const path = this.path(`${this.#recordings++}.mp4`);
    const file = await open(path, 'w');
    const size = { maxWidth: 1280, maxHeight: 720, frameRate: 10 };
    const { stream } = await session.send('Page.startScreenRecording', size);
    return new PageRecording(this, { session, stream, path, file, startMs: this.nowMs });
  }

  /** Where a test may write. */
  path(name: string): string {
    return join(this.#folder, name);
  }
}

interface Recorded {
  session: CDPSession;
  stream: string;
  path: string;
  file: FileHandle;
  startMs: number;
}

class PageRecording {
  readonly #of: RecordedPage;
  readonly #recorded: Recorded;

  constructor(of: RecordedPage, recorded: Recorded) {
    this.#of = of;
    this.#recorded = recorded;
  }

  async stop(): Promise<PartFile> {
    const { session, stream, path, file, startMs } = this.#recorded;
    const endMs = this.#of.nowMs;
    await session.send('Page.stopScreenRecording');
    for (let isOver = false; !isOver;) {
      const read = await session.send('IO.read', { handle: stream, size: READ_BYTES });
      await file.write(Buffer.from(read.data, 'base64'));
      isOver = read.eof;
    }
    await session.send('IO.close', { handle: stream });
    await session.detach();
    await file.close();
    return { path, startMs, endMs };
  }
}
