import { createWriteStream } from 'node:fs';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { canonicalHost } from '../egress/addresses.ts';
import { EgressRefusal } from '../egress/egress-errors.ts';
import type { EgressPolicy } from '../egress/egress-policy.ts';
import { RuntimeError } from '../errors.ts';

const REDIRECTS_MAX = 5;
const TIMEOUT_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const STORE_PAGE =
  /^https:\/\/(?:chromewebstore\.google\.com|chrome\.google\.com\/webstore)\/detail\/(?:[^/]+\/)?([a-p]{32})/;

export interface DownloadOptions {
  policy: EgressPolicy;
  maxBytes: number;
}

/**
 * Downloads a package: from the address of its page in the Chrome Web Store, or from any https
 * address, within what browsers may reach. Throws `extension.url_not_allowed` or
 * `extension.download_failed`.
 */
export async function downloadPackage(
  url: string,
  file: string,
  { policy, maxBytes }: DownloadOptions,
): Promise<void> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await open(new URL(packageUrl(url)), policy, late);
    await pipeline(answer, limiter(maxBytes), createWriteStream(file), { signal: late });
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    if (cause instanceof EgressRefusal) {
      throw new RuntimeError(
        'extension.url_not_allowed',
        `The service may not connect to it. ${cause.message}`,
        {
          details: { reason: cause.code },
        },
      );
    }
    throw failed(late.aborted ? 'it took too long' : wordsOf(cause), cause);
  }
}

function packageUrl(url: string): string {
  const [, id] = STORE_PAGE.exec(url) ?? [];
  if (id === undefined) return url;
  const query = `response=redirect&prodversion=150.0&acceptformat=crx2,crx3&x=id%3D${id}%26uc`;
  return `https://clients2.google.com/service/update2/crx?${query}`;
}

async function open(url: URL, policy: EgressPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  let at = url;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    if (at.protocol !== 'https:') throw failed('it leads to an address that is not https');
    const answer = await request(at, policy, signal);
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    if (!REDIRECTS.has(statusCode) || headers.location === undefined) {
      throw failed(`the answer has status ${statusCode}`);
    }
    at = new URL(headers.location, at);
  }
  throw failed('it redirects too often');
}

/** Connects to the addresses that were checked, and to no other. */
async function request(url: URL, policy: EgressPolicy, signal: AbortSignal) {
  const host = canonicalHost(url.hostname) ?? '';
  const addresses = await policy.resolve({ host, port: Number(url.port || 443) });
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, found);
  return new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { lookup, signal, agent: false }, resolve).on('error', reject);
  });
}

function limiter(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(failed(`it has more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}

function failed(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'extension.download_failed',
    `The package could not be downloaded: ${why}.`,
    {
      cause,
    },
  );
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'the connection failed';
}
