import type { ClientRequest, IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { RuntimeError } from '../../errors.ts';
import { unreachable } from '../../node/nodes.ts';
import type { NodeRequest } from '../../node/runtime-node.ts';
import { errorOf, Problem } from '../problems.ts';
import { ANSWERS, answerHeaders, HEADERS, pairsOf } from './headers.ts';

/** https://fetch.spec.whatwg.org/#null-body-status */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** As `RuntimeNode.answer`, by a request to a node that was not sent yet and expects "100 Continue". */
export async function exchange(
  request: ClientRequest,
  { body, gone }: Pick<NodeRequest, 'body' | 'gone'>,
): Promise<Response> {
  const given = Promise.withResolvers<IncomingMessage>();
  /** Why this side gave the request up, if it did. */
  let reason: { error: unknown } | undefined;
  const giveUp = (error: unknown) => {
    reason ??= { error };
    given.reject(error);
    request.destroy();
  };
  const leave = () => giveUp(gone.reason);
  request.once('continue', () => {
    // The request itself says when it fails.
    pipeline(watched(body, giveUp), request).catch(() => undefined);
  });
  request.once('response', given.resolve);
  request.on('error', (cause) => given.reject(unreachable(cause)));
  request.once('close', () => gone.removeEventListener('abort', leave));
  gone.addEventListener('abort', leave);
  if (gone.aborted) leave();
  request.flushHeaders();
  const response = await given.promise;
  // Nobody reads the rest of the body.
  response.once('close', () => {
    if (!request.writableEnded) request.destroy();
  });
  if (response.headers[HEADERS.answer] !== ANSWERS.runtime) throw await refusalOf(response);
  return answerOf(response, (cause) => (reason ? reason.error : unreachable(cause)));
}

/** What a node, or whoever is at its address, says instead of doing as it was asked. */
export async function refusalOf(response: IncomingMessage): Promise<RuntimeError> {
  try {
    const { statusCode, headers } = response;
    if (headers[HEADERS.answer] === ANSWERS.problem) {
      return errorOf(Problem.parse(await json(response)));
    }
    response.destroy();
    return unreachable(new Error(`At the address of the node, the answer was ${statusCode}.`));
  } catch (cause) {
    return unreachable(cause);
  }
}

function answerOf(response: IncomingMessage, failure: (cause: unknown) => unknown): Response {
  const { statusCode: status = 502 } = response;
  const headers = new Headers(answerHeaders(pairsOf(response.rawHeaders)));
  if (WITHOUT_BODY.has(status)) {
    response.resume();
    return new Response(null, { status, headers });
  }
  return new Response(streamOf(response, failure), { status, headers });
}

/** Takes no more than is read of it. */
function streamOf(response: IncomingMessage, failure: (cause: unknown) => unknown): ReadableStream {
  const chunks: AsyncIterator<Buffer> = response.iterator();
  const pull = async (controller: ReadableStreamDefaultController) => {
    try {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    } catch (cause) {
      throw failure(cause);
    }
  };
  return new ReadableStream({ pull, cancel: () => void response.destroy() }, { highWaterMark: 0 });
}

/** Tells when a body breaks off. */
async function* watched(body: AsyncIterable<Uint8Array>, broke: (error: unknown) => void) {
  try {
    yield* body;
  } catch (error) {
    broke(error);
    throw error;
  }
}
