import { createHash } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import type { Context } from 'hono';
import { z } from 'zod';
import { ApiError } from '../http/errors.ts';
import type { Answer, IdempotentAnswers } from '../http/idempotent-answers.ts';
import type { ApiEnv } from '../http/api-env.ts';

const HEADER = 'idempotency-key';
const KEY = /^[!-~]{1,255}$/;
/** The headers that belong to the answer itself rather than to one request. */
const KEPT_HEADERS = ['cache-control', 'content-type', 'retry-after'];
/** The one operation whose body may have the key, as the published contract says. */
const EXECUTE = /^\/v1\/workspaces\/[^/]+\/execute$/;
const KeyInBody = z.object({ idempotencyKey: z.string().min(1) });
const Status = z.custom<200>((value) => typeof value === 'number');

/** Carries a POST with an `Idempotency-Key` out once; repeats get the same answer. */
export function idempotency(answers: IdempotentAnswers) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const key = c.req.method === 'POST' && !isWait(c) ? await keyOf(c) : undefined;
    if (key === undefined) return next();
    c.set('outlivesClient', true);
    const secret = c.req.header('authorization') ?? '';
    const request = { secret, key, digest: await digestOf(c) };
    const { answer, isReplay } = await answers.answer(request, async (runtimeId) => {
      c.set('newId', runtimeId);
      await next();
      return record(c.res.clone());
    });
    if (!isReplay) return;
    c.header('idempotency-replayed', 'true');
    return c.body(answer.body, Status.parse(answer.status), answer.headers);
  });
}

/** A wait changes nothing, so it may be repeated. */
function isWait(c: Context): boolean {
  return c.req.path.endsWith('/wait');
}

/** Throws `idempotency.two_keys` for a request that has one in its body too. */
async function keyOf(c: Context): Promise<string | undefined> {
  const key = c.req.header(HEADER);
  if (key !== undefined && !KEY.test(key)) throw invalidKey();
  if (!EXECUTE.test(c.req.path)) return key;
  const inBody = KeyInBody.safeParse(parseJson(await c.req.text())).data?.idempotencyKey;
  if (key !== undefined && inBody !== undefined) {
    const message = 'The request has a key in its body and one in its header Idempotency-Key.';
    throw new ApiError('idempotency.two_keys', message, { hint: 'Send only one of them.' });
  }
  return key ?? inBody;
}

/** Undefined for what is no JSON, which the route refuses. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function digestOf(c: Context): Promise<string> {
  const body = Buffer.from(await c.req.arrayBuffer());
  const { pathname, search } = new URL(c.req.url);
  return createHash('sha256')
    .update(`${c.req.method} ${pathname}${search}\n`)
    .update(body)
    .digest('hex');
}

async function record(response: Response): Promise<Answer> {
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.text(),
  };
}

function invalidKey(): ApiError {
  const message = 'An Idempotency-Key has 1 to 255 printable ASCII characters without spaces';
  return new ApiError('request.invalid', `The request is not valid: ${message}`, {
    details: { issues: [{ in: 'header', path: HEADER, message }] },
  });
}
