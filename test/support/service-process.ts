import { spawn } from 'node:child_process';
import { once } from 'node:events';
import manifest from '../../package.json' with { type: 'json' };

/** The arguments of `npm start`. */
const ARGUMENTS = manifest.scripts.start.replace(/^exec node /, '').split(' ');
const READY = /Address +(\S+)[^]*curl|Health +(\S+)\/readyz/;
const KEY = /API key +(bctrl_\S+)/;

/** The service as `npm start` runs it. */
export interface ServiceProcess {
  pid: number;
  url: string;
  /** The key that the service generated, if it did. */
  apiKey: string | undefined;
  output: string;
  readonly log: string;
  exited: Promise<number | null>;
  /** Resolves with the exit code; a process that is gone already is fine. */
  stop: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** A variable of the environment of the whole test run. */
export function given(name: string): Record<string, string> {
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}

export class StartFailure extends Error {
  readonly exitCode: number | null;
  /** What it wrote to stderr. */
  readonly said: string;

  constructor(exitCode: number | null, said: string) {
    super(`the service did not start: ${said}`);
    this.exitCode = exitCode;
    this.said = said;
  }
}

/**
 * As `startService`, without waiting until the service is ready. `via` is a command that runs the
 * service in its own place.
 */
export function spawnService(env: Record<string, string>, via: readonly string[] = []) {
  const [program = '', ...args] = [...via, process.execPath, ...ARGUMENTS];
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...given('NODE_COMPILE_CACHE'),
      ...given('BCTRL_WARM_MAX'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let log = '';
  const exited = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  const { promise: ready, resolve } = Promise.withResolvers<string>();
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
    const [, served, health] = READY.exec(output) ?? [];
    const url = served ?? health;
    if (url !== undefined) resolve(url);
  });
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  return {
    pid: child.pid ?? 0,
    /** Resolves with the address of the service. */
    ready,
    exited,
    get output() {
      return output;
    },
    get log() {
      return log;
    },
    stop: (signal: NodeJS.Signals) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Throws StartFailure when it exits before it is ready. */
export async function startService(
  env: Record<string, string>,
  via: readonly string[] = [],
): Promise<ServiceProcess> {
  const service = spawnService(env, via);
  const failed = service.exited.then((code) => {
    throw new StartFailure(code, service.log);
  });
  failed.catch(() => undefined);
  const url = await Promise.race([service.ready, failed]);
  return {
    pid: service.pid,
    url,
    apiKey: KEY.exec(service.output)?.[1],
    output: service.output,
    get log() {
      return service.log;
    },
    exited: service.exited,
    stop: service.stop,
  };
}
