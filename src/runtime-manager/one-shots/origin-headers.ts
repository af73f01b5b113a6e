import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { CdpEvent, CdpParams } from '../browser/cdp/protocol.ts';

type Paused = CdpEvent<'Fetch.requestPaused'>;
type Continue = CdpParams<'Fetch.continueRequest'>;

/**
 * Adds headers to the requests of a page to one origin, and to no others: they may be credentials.
 * Resolves when they are in place.
 */
export async function addOriginHeaders(
  session: CdpSession,
  { origin, headers }: { origin: string; headers: Record<string, string> },
  signal: AbortSignal,
): Promise<void> {
  const ours = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const params = { requestId, headers: [...othersOf(request), ...own(request)] };
    session.send('Fetch.continueRequest', params, { signal }).catch(() => refuse(requestId));
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] }, { signal });

  /** Chromium takes most headers, but not all, and would have the request wait. */
  function refuse(requestId: string): void {
    const params = { requestId, errorReason: 'BlockedByClient' } as const;
    // The request has gone meanwhile, or the page has.
    session.send('Fetch.failRequest', params, { signal }).catch(() => undefined);
  }

  /** A request that was led on to another origin has the headers of the first one. */
  function othersOf({ headers: all }: Paused['request']): NonNullable<Continue['headers']> {
    return Object.entries(all)
      .filter(([name]) => !ours.has(name.toLowerCase()))
      .map(([name, value]) => ({ name, value }));
  }

  function own({ url }: Paused['request']): NonNullable<Continue['headers']> {
    if (URL.parse(url)?.origin !== origin) return [];
    return Object.entries(headers).map(([name, value]) => ({ name, value }));
  }
}
