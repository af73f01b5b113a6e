import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FirstClient } from '../../connections/requests.ts';
import type { ReadTicket } from '../../connections/tickets.ts';
import type { RuntimeNode } from '../../node/runtime-node.ts';
import { problemOf } from '../problems.ts';
import { ANSWERS, answerHeaders, HEADERS } from './headers.ts';

const REFUSED = 500;

/** What an API process asks for a client. */
export interface Admitted {
  ticket: ReadTicket;
  /** Below the connection's address, with its query. */
  path: string;
  base: string;
  first: FirstClient | undefined;
  requestId: string | undefined;
}

export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

/** Answers what a client asks over plain HTTP. Throws what `RuntimeNode.answer` throws. */
export async function answerRequest(
  node: Pick<RuntimeNode, 'answer'>,
  exchange: Exchange,
  admitted: Admitted,
): Promise<void> {
  try {
    await answer(node, exchange, admitted);
  } finally {
    // The API process hangs up on a body that nobody wants any more, which is noticed by reading it.
    exchange.incoming.resume();
  }
}

async function answer(
  node: Pick<RuntimeNode, 'answer'>,
  { incoming, outgoing }: Exchange,
  { ticket, path, base, requestId }: Admitted,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const response = await node.answer(ticket, {
    method: incoming.method ?? '',
    path,
    base,
    requestId,
    body: bodyOf(incoming, outgoing),
    gone: gone.signal,
  });
  // They are sent with the first bytes: the answer may come of a body that is not wanted before.
  outgoing.sendDate = false;
  outgoing.statusCode = response.status;
  for (const [name, value] of answerHeaders(response.headers)) outgoing.appendHeader(name, value);
  outgoing.setHeader(HEADERS.answer, ANSWERS.runtime);
  await pipeline(response.body ?? [], outgoing);
}

/** Answers with the reason why there is no answer of the runtime. */
export function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(REFUSED, {
    [HEADERS.answer]: ANSWERS.problem,
    'content-type': 'application/json',
  });
  outgoing.end(JSON.stringify(problemOf(error)));
}

/** The API process reads its client only when the body is wanted here. */
async function* bodyOf(incoming: IncomingMessage, outgoing: ServerResponse) {
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
  const chunks: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  yield* chunks;
}
