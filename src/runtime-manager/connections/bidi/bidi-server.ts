import { z } from 'zod';
import { startPlaywright, type PlaywrightOptions } from '../../playwright/process.ts';
import { RuntimeError } from '../../errors.ts';
import type { Dial } from '../../machine/jail/jail.ts';

const HOST = new URL('./bidi-host.ts', import.meta.url);
const START_TIMEOUT_MS = 30_000;

const Started = z.union([z.object({ port: z.int() }), z.object({ error: z.string() })]);

/** A process of its own that speaks WebDriver BiDi for one browser. */
export interface BidiServer extends AsyncDisposable {
  /** Connects to the port at which it serves websockets. */
  dial: Dial;
  exited: Promise<unknown>;
}

/** `accept` leads to the browser. */
export async function startBidiServer(
  options: PlaywrightOptions,
  closing: AbortSignal,
): Promise<BidiServer> {
  const server = await startPlaywright(HOST, options);
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(START_TIMEOUT_MS)]);
    const started = Started.parse(
      await server.ask({ cdpUrl: `ws://127.0.0.1:${server.ports[0]}` }, signal),
    );
    if ('error' in started) throw new Error(started.error);
    return {
      dial: server.reach(started.port),
      exited: server.exited,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (cause) {
    await server[Symbol.asyncDispose]();
    throw new RuntimeError('connection.failed', 'WebDriver BiDi did not start.', { cause });
  }
}
