import { request, type RequestOptions } from 'node:http';
import type { Dial } from '../machine/jail/jail.ts';

/** An answer, read to its end. */
export interface PlainAnswer {
  status: number;
  type: string;
  body: Buffer;
}

/** One HTTP request over a connection of its own. Throws when that cannot be opened, or breaks. */
export async function requestOver(
  dial: Dial,
  options: RequestOptions,
  body?: Buffer,
): Promise<PlainAnswer> {
  const socket = await dial();
  const { promise, resolve, reject } = Promise.withResolvers<PlainAnswer>();
  const sent = request({ ...options, createConnection: () => socket }, (response) => {
    response.toArray().then(
      (chunks: Buffer[]) =>
        resolve({
          status: response.statusCode ?? 502,
          type: response.headers['content-type'] ?? 'text/plain',
          body: Buffer.concat(chunks),
        }),
      reject,
    );
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
