import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import type { CdpSession } from './cdp/cdp-session.ts';

/**
 * By then a service worker has done what it does first; on a busy machine, by so many times what a
 * page took to open.
 */
const SETTLE_MS = 700;
const SETTLE_PAGES = 8;
const NOT_REGISTERED = /^Service worker registration failed/;
/** https://source.chromium.org/chromium/chromium/src/+/main:extensions/common/api/developer_private.idl */
const TELL = (id: string) => `new Promise((tell) =>
  chrome.developerPrivate.getExtensionInfo(${JSON.stringify(id)}, (info) => tell(JSON.stringify(info))))`;
const Report = z.object({ message: z.string(), source: z.string().optional() });
const Info = z.object({ manifestErrors: z.array(Report), runtimeErrors: z.array(Report) });

/** Throws Chromium's reason when the extension cannot be loaded. */
export async function loadExtension(
  browser: CdpSession,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await browser.send('Extensions.loadUnpacked', { path }, { signal })).id;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  }
}

/**
 * What Chromium's own page about extensions says of this one; a service worker that cannot start is
 * an error.
 */
export async function reportOnExtension(
  browser: CdpSession,
  id: string,
  signal: AbortSignal,
): Promise<ExtensionTrial> {
  const begunAt = performance.now();
  const page = { url: 'chrome://extensions/' };
  const { targetId } = await browser.send('Target.createTarget', page, { signal });
  using session = await browser.attach(targetId, { signal });
  const settleMs = Math.max(SETTLE_MS, SETTLE_PAGES * (performance.now() - begunAt));
  await delay(settleMs, undefined, { signal });
  const asked = { expression: TELL(id), awaitPromise: true };
  const { result } = await session.send('Runtime.evaluate', asked, { signal });
  const { manifestErrors, runtimeErrors } = Info.parse(JSON.parse(String(result.value)));
  const failed = manifestErrors.filter(({ message }) => NOT_REGISTERED.test(message));
  const why = runtimeErrors.map(({ message, source }) => `${message} (${fileOf(source)})`);
  return {
    errors: failed.length > 0 ? [...failed.map(({ message }) => message), ...why] : [],
    warnings: [
      ...manifestErrors.map(({ message }) => ({ kind: 'manifest' as const, message })),
      ...runtimeErrors.map(({ message, source }) => ({
        kind: 'runtime' as const,
        message,
        source: fileOf(source),
      })),
    ],
  };
}

function fileOf(source = ''): string {
  return source.replace(/^chrome-extension:\/\/[^/]*\//, '');
}
