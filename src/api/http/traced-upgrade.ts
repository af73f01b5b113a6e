import type { IncomingMessage } from 'node:http';
import { codeOf, type OpenSpan } from '../../runtime-manager/tracing/open-span.ts';
import { continued, inSpan } from '../../runtime-manager/tracing/tracing.ts';
import { statusOfError } from './errors.ts';
import { pathBy } from './traced-path.ts';

const SWITCHING_PROTOCOLS = 101;

/** Joins a client until it is gone; calls `onOpen` when the client was told that it is joined. */
type Join = (onOpen: () => void, span: Pick<OpenSpan, 'tell'>) => Promise<void>;

/**
 * Makes a span of a handshake: it ends when the client is joined or refused, and what the client then does
 * may go on for hours. Resolves when that is over. Throws what `join` throws.
 */
export async function traceUpgrade(
  { headers, url = '' }: IncomingMessage,
  route: string,
  join: Join,
): Promise<void> {
  let over = Promise.resolve();
  const { traceparent, tracestate } = headers;
  const from = { traceparent: oneOf(traceparent), tracestate: oneOf(tracestate) };
  const asked = {
    'http.request.method': 'GET',
    'http.route': route,
    'url.path': pathBy(route, url.split('?')[0] ?? ''),
  } as const;
  await continued(from, () =>
    inSpan({ kind: 'server', name: `GET ${route}` }, asked, async (span) => {
      const opened = Promise.withResolvers<void>();
      over = join(() => opened.resolve(), span);
      // Whoever waits for the end hears of a refusal.
      await Promise.race([opened.promise, over]).then(
        () => span.tell({ 'http.response.status_code': SWITCHING_PROTOCOLS }),
        (error: unknown) => tellRefusal(span, error),
      );
    }),
  );
  await over;
}

function tellRefusal(span: OpenSpan, error: unknown): void {
  const status = statusOfError(error);
  span.tell({ 'http.response.status_code': status });
  if (status >= 500) span.fail(codeOf(error));
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
