import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { killGroup } from '../browser/process-group.ts';
import { RuntimeError } from '../errors.ts';

const START_TIMEOUT_MS = 20_000;
const STARTED = /started successfully on port (\d+)/;
/** When our end of the pipe closes, however the service ends, so does the whole group. */
const LIFELINE = `trap 'kill -9 0' EXIT; "$0" "$@" </dev/null & read -r _`;

export interface DriverAnswer {
  status: number;
  type: string;
  body: Buffer;
}

/** A chromedriver of one browser. */
export interface Chromedriver extends AsyncDisposable {
  port: number;
  /** Repeats a request there; waits as long as the command takes. Throws when it is gone. */
  send: (method: string, path: string, body: Buffer) => Promise<DriverAnswer>;
}

export async function startChromedriver(
  executablePath: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<Chromedriver> {
  // What every path of a command starts with: pages in a browser can reach the port too.
  const base = `/${randomBytes(16).toString('hex')}`;
  const args = ['-c', LIFELINE, executablePath, '--port=0', `--url-base=${base}`];
  const child = spawn('/bin/sh', args, {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const end = async () => {
    if (child.pid !== undefined) killGroup(child.pid);
    await closed;
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  const abort = () => reject(limit.reason);
  limit.addEventListener('abort', abort, { once: true });
  void closed.then(() => reject(new Error('it exited at once')));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-4096);
    const [, port] = STARTED.exec(said) ?? [];
    if (port !== undefined) resolve(Number(port));
  });
  try {
    limit.throwIfAborted();
    const port = await promise;
    return {
      port,
      send: (method, path, body) => send(port, method, base + path, body),
      [Symbol.asyncDispose]: end,
    };
  } catch (cause) {
    await end();
    throw new RuntimeError('connection.failed', 'chromedriver did not start.', { cause });
  } finally {
    limit.removeEventListener('abort', abort);
  }
}

function send(port: number, method: string, path: string, body: Buffer): Promise<DriverAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DriverAnswer>();
  // chromedriver hangs up on a POST without a length.
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
    response.toArray().then(
      (chunks: Buffer[]) =>
        resolve({
          status: response.statusCode ?? 502,
          type: response.headers['content-type'] ?? 'application/json',
          body: Buffer.concat(chunks),
        }),
      reject,
    );
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
