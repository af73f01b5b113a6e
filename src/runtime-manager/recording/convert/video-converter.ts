import { open, rm, type FileHandle } from 'node:fs/promises';
import type { Browser } from '../../browser/browser.ts';
import type { Admit } from '../../machine/extension-trials.ts';
import type { Launcher } from '../../machine/launcher.ts';
import { NO_PROFILE } from '../../machine/probe.ts';
import type { ReachableBrowser } from '../../machine/reachable-browser.ts';
import { Turns } from '../../timing/turns.ts';
import { joinParts } from '../join/join-parts.ts';
import type { VideoFacts } from '../join/read-video.ts';
import { ConversionPage } from './conversion-page.ts';

/** A minute of 10 pictures a second takes about 4 s. */
const TIMEOUT_MS = 30 * 60_000;
const NEVER = new AbortController().signal;

/** `unsupported`: this Chromium cannot encode H.264. */
export type ConversionFailure = 'unsupported' | 'too_slow' | 'failed';

export class ConversionError extends Error {
  readonly reason: ConversionFailure;

  constructor(reason: ConversionFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ConversionError';
    this.reason = reason;
  }
}

/**
 * Makes H.264 of videos, for players that cannot decode AV1, in a browser that is launched for it:
 * Chromium has both codecs. One at a time, with low priority.
 */
export class VideoConverter {
  readonly #launcher: Pick<Launcher, 'launch'>;
  readonly #turns = new Turns(1);

  constructor(launcher: Pick<Launcher, 'launch'>) {
    this.#launcher = launcher;
  }

  /**
   * Writes the video of `input` to `output` as an MP4 with its index in front, with the size of the
   * first picture. `admit` lets a browser be launched when the machine has room for it; what the
   * browser does then takes no place of other launches.
   *
   * Throws ConversionError, what a launch and `admit` throw, and what `givenUp` aborts with; no file
   * is left then.
   */
  convertToH264(input: string, output: string, admit: Admit, givenUp = NEVER): Promise<VideoFacts> {
    return this.#turns.take(async () => {
      givenUp.throwIfAborted();
      // A browser can only write from front to back, and so no index in front.
      const fragments = `${output}.fragments`;
      try {
        const { browser } = await admit(() => this.#launch(givenUp));
        const endMs = await encode(browser, input, { output: fragments, givenUp });
        const facts = await joinParts([{ path: fragments, startMs: 0, endMs }], output, givenUp);
        if (!facts) throw new ConversionError('failed', 'The result has no pictures.');
        return facts;
      } finally {
        await rm(fragments, { force: true });
      }
    });
  }

  #launch(givenUp: AbortSignal): Promise<Pick<ReachableBrowser, 'browser'>> {
    // The browser has low priority for as long as it runs.
    const hurry = new AbortController().signal;
    return this.#launcher.launch({ ...NO_PROFILE, hurry }, givenUp);
  }
}

/** Ends the browser. Resolves with how long the video is, in ms. */
async function encode(
  browser: Browser,
  input: string,
  { output, givenUp }: { output: string; givenUp: AbortSignal },
): Promise<number> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([givenUp, late]);
  try {
    await using from = await open(input, 'r');
    await using to = await open(output, 'w');
    using page = await ConversionPage.open(browser, (await from.stat()).size, signal);
    return await serve(page, from, to);
  } catch (cause) {
    givenUp.throwIfAborted();
    if (cause instanceof ConversionError) throw cause;
    if (late.aborted) throw new ConversionError('too_slow', 'The video is too long.', cause);
    throw new ConversionError('failed', 'The video could not be converted.', cause);
  } finally {
    await browser.kill();
  }
}

/** Reads and writes for the page until it is done. Resolves with how long the video is, in ms. */
async function serve(page: ConversionPage, from: FileHandle, to: FileHandle): Promise<number> {
  for (let answer = ''; ;) {
    const asked = await page.next(answer);
    answer = '';
    switch (asked.kind) {
      case 'read': {
        const { start, end } = asked;
        const { buffer } = await from.read(Buffer.alloc(end - start), { position: start });
        answer = buffer.toString('base64');
        break;
      }
      case 'write': {
        await to.appendFile(Buffer.from(asked.data, 'base64'));
        break;
      }
      case 'unsupported': {
        const message = 'The Chromium of this service cannot encode H.264.';
        throw new ConversionError('unsupported', message);
      }
      case 'failed': {
        throw new Error(asked.message);
      }
      case 'done': {
        return asked.durationMs;
      }
    }
  }
}
