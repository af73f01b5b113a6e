import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caller, type Answer, type Call } from '../../test/support/http.ts';
import { startService } from '../../test/support/service-process.ts';
import type { Contender, OpenedBrowser } from './contender.ts';
import { undoAtEnd } from './endings.ts';

const SHARED_MEMORY = '/dev/shm';
export const RUNTIMES = '/v1/workspaces/default/runtimes';
const EPHEMERAL = { mode: 'ephemeral' };

/** A service of one's own, as `npm start` runs it, with an empty database. */
export interface BenchService extends Contender, AsyncDisposable {
  pid: number;
  /** The address it listens on, without a path. */
  url: string;
  /** Where it keeps its files; nobody else's are there. */
  directory: string;
  /** Where its browsers have theirs. */
  browserDirectory: string;
  call: Call;
  /** What it has logged so far. */
  log: () => string;
  /** Creates a runtime, launched so, with what else the request says. Throws when it is refused. */
  create: (launch?: object, extra?: object) => Promise<Runtime>;
  /** The plain answer to a create, whatever it is. */
  tryCreate: (launch?: object, extra?: object) => Promise<Answer>;
  /** What its metrics say of a gauge; undefined when there is none of the name. */
  gauge: (name: string) => Promise<number | undefined>;
  /** Uploads a package. Resolves with the id of the extension. */
  uploadExtension: (content: Buffer) => Promise<string>;
}

export interface Runtime extends OpenedBrowser {
  alias: string;
  pageId: string;
}

/** Keeps no pool of warm browsers: every create launches one. */
export const POOL_OFF = { BCTRL_WARM_MIN: '0', BCTRL_WARM_MAX: '0' };

export async function openService(
  env: Record<string, string> = {},
  name = 'service',
): Promise<BenchService> {
  await using stack = new AsyncDisposableStack();
  const directory = await openDirectory(stack, tmpdir());
  const browserDirectory = await openDirectory(stack, SHARED_MEMORY);
  const service = await startService({
    PORT: '0',
    BCTRL_DATA_DIR: join(directory, 'data'),
    BCTRL_BROWSER_DIR: browserDirectory,
    LOG_LEVEL: 'error',
    ...env,
  });
  stack.defer(async () => void (await service.stop('SIGTERM')));
  const opened = stack.move();
  const stop = undoAtEnd(async () => {
    await opened.disposeAsync();
    if (service.log !== '' && env['LOG_LEVEL'] === undefined) console.error(service.log.trim());
  });
  const call = caller(service.url, env['BCTRL_API_KEY'] ?? service.apiKey);
  const tryCreate = (launch: object = EPHEMERAL, extra: object = {}) =>
    call('POST', RUNTIMES, { alias: `bench-${randomUUID()}`, kind: 'browser', launch, ...extra });
  const create = async (launch?: object, extra?: object) =>
    runtimeOf(call, await tryCreate(launch, extra));
  return {
    name,
    pid: service.pid,
    url: service.url,
    directory,
    browserDirectory,
    call,
    log: () => service.log,
    tryCreate,
    create,
    open: () => create(),
    gauge: async (gaugeName) => gaugeIn((await call('GET', '/metrics')).text, gaugeName),
    uploadExtension: async (content) => {
      const body = new FormData();
      body.set('file', new Blob([new Uint8Array(content)]), 'package');
      const response = await fetch(`${service.url}/v1/browser-extensions/upload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.apiKey}` },
        body,
      });
      if (!response.ok) throw new Error(await response.text());
      const made = (await response.json()) as { id: string };
      return made.id;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function openDirectory(stack: AsyncDisposableStack, where: string): Promise<string> {
  const directory = await mkdtemp(join(where, 'bc-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Throws when the answer to the create is a refusal. */
export function runtimeOf(call: Call, { status, json, text }: Answer): Runtime {
  if (status !== 200) throw new Error(`create: ${status} ${text}`);
  return {
    alias: json.alias,
    cdpUrl: json.connection.cdpUrl,
    pageId: json.summary.defaultPageId,
    end: async () => {
      const stopped = await call('POST', `${RUNTIMES}/${json.id}/stop`);
      if (stopped.json.status !== 'stopped') throw new Error(`stop: ${stopped.text}`);
    },
  };
}

function gaugeIn(metrics: string, name: string): number | undefined {
  const lines = metrics.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name);
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
