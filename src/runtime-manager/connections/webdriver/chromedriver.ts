import { randomBytes } from 'node:crypto';
import { untilAborted } from '../../timing/until-aborted.ts';
import { RuntimeError } from '../../errors.ts';
import type { Dial, Jail, Program } from '../../machine/jail/jail.ts';
import { requestOver, type PlainAnswer } from '../request-over.ts';

const START_TIMEOUT_MS = 20_000;
const STARTED = /started successfully on port (\d+)/;
/** Kills the whole process group when our end of the pipe closes, however the service ends. */
const LIFELINE = `trap 'kill -9 0' EXIT; "$0" "$@" </dev/null & read -r _`;

/** A chromedriver of one browser. */
export interface Chromedriver extends AsyncDisposable {
  /** Passes a request on, and waits as long as that takes. Throws when chromedriver is gone. */
  send: (method: string, path: string, body: Buffer) => Promise<PlainAnswer>;
  /** Connects to the port that chromedriver listens at. */
  dial: Dial;
  /** Where chromedriver finds the browser. */
  debuggerAddress: string;
}

/** `accept` has one entry, which leads to the browser. */
export interface ChromedriverCommand extends Omit<Program, 'command' | 'stdio'> {
  executablePath: string;
  jail: Jail;
}

export async function startChromedriver(
  { executablePath, jail, ...program }: ChromedriverCommand,
  signal: AbortSignal,
): Promise<Chromedriver> {
  // A secret that all paths of commands start with: without a jail, pages can reach the port too.
  const base = `/${randomBytes(16).toString('hex')}`;
  const driver = await jail.start({
    ...program,
    command: () => ['/bin/sh', '-c', LIFELINE, executablePath, '--port=0', `--url-base=${base}`],
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = driver.child;
  stdin?.on('error', () => undefined);
  const end = async () => {
    driver.kill();
    await driver.closed;
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  void driver.closed.then(() => reject(new Error('chromedriver exited at once')));
  let said = '';
  stdout?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-4096);
    const [, port] = STARTED.exec(said) ?? [];
    if (port !== undefined) resolve(Number(port));
  });
  try {
    const dial = driver.reach(await untilAborted(promise, limit));
    return {
      dial,
      debuggerAddress: `127.0.0.1:${driver.ports[0]}`,
      send: (method, path, body) => send(dial, method, base + path, body),
      [Symbol.asyncDispose]: end,
    };
  } catch (cause) {
    await end();
    throw new RuntimeError('connection.failed', 'chromedriver did not start.', { cause });
  }
}

function send(dial: Dial, method: string, path: string, body: Buffer): Promise<PlainAnswer> {
  // chromedriver hangs up on a POST without a length, and answers only whoever names it by address.
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': body.length,
  };
  return requestOver(dial, { method, path, headers }, body);
}
