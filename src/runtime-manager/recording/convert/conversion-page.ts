import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Browser } from '../../browser/browser.ts';
import type { CdpSession } from '../../browser/cdp/cdp-session.ts';
import { sourceOf } from '../../browser/pages/page-script.ts';
import { beginConversion } from './page-scripts/begin-conversion.ts';
import { openChannel } from './page-scripts/open-channel.ts';

/** The form in which the library is one script for pages. */
const LIBRARY = join(
  dirname(createRequire(import.meta.url).resolve('mediabunny')),
  'mediabunny.min.cjs',
);
/** Only pages of secure addresses may encode. Nothing is there: the service answers itself. */
const ADDRESS = 'https://conversion.invalid/';
const EMPTY_PAGE = Buffer.from('<!doctype html>').toString('base64');

const Asked = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('read'), start: z.number(), end: z.number() }),
  z.object({ kind: z.literal('write'), data: z.base64() }),
  z.object({ kind: z.literal('done'), durationMs: z.number() }),
  z.object({ kind: z.literal('unsupported') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type Asked = z.infer<typeof Asked>;

/** A page in which a video is being converted. */
export class ConversionPage implements Disposable {
  readonly #session: CdpSession;
  readonly #signal: AbortSignal;

  private constructor(session: CdpSession, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
  }

  /** Begins to convert. Throws when Chromium does not answer, and what `signal` aborts with. */
  static async open(
    { pages }: Pick<Browser, 'pages'>,
    sizeBytes: number,
    signal: AbortSignal,
  ): Promise<ConversionPage> {
    const session = await pages.attach(pages.defaultPageId ?? '', { signal });
    const crashed = new AbortController();
    // What was asked of a page is not answered any more when it crashes.
    session.on('Inspector.targetCrashed', () => crashed.abort(new Error('the page has crashed')));
    await session.send('Inspector.enable', {}, { signal });
    const page = new ConversionPage(session, AbortSignal.any([signal, crashed.signal]));
    await page.#goToEmptyPage();
    await page.#evaluate(await readFile(LIBRARY, 'utf8'));
    await page.#evaluate(`(${sourceOf(openChannel)})()`);
    await page.#evaluate(`(${sourceOf(beginConversion)})(${sizeBytes})`);
    return page;
  }

  /** Answers what was asked last, and resolves with what is asked next. */
  async next(answer: string): Promise<Asked> {
    return Asked.parse(await this.#evaluate(`nextAsked(${JSON.stringify(answer)})`));
  }

  async #goToEmptyPage(): Promise<void> {
    const options = { signal: this.#signal };
    const session = this.#session;
    using _answers = session.on('Fetch.requestPaused', ({ requestId }) => {
      const answer = { requestId, responseCode: 200, body: EMPTY_PAGE };
      session.send('Fetch.fulfillRequest', answer, options).catch(() => undefined);
    });
    await session.send('Fetch.enable', {}, options);
    const { errorText } = await session.send('Page.navigate', { url: ADDRESS }, options);
    if (errorText !== undefined) throw new Error(`the page was not opened: ${errorText}`);
    await session.send('Fetch.disable', {}, options);
  }

  async #evaluate(expression: string): Promise<unknown> {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const answer = await this.#session.send('Runtime.evaluate', asked, { signal: this.#signal });
    const { result, exceptionDetails } = answer;
    if (exceptionDetails) throw new Error(String(exceptionDetails.exception?.description));
    return result.value;
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }
}
