import { expect, inject, onTestFinished, test } from 'vitest';
import { nodes } from '../../src/db/schema/index.ts';
import { listeningPorts } from '../../src/runtime-manager/machine/listening-ports.ts';
import { commandEnvironment } from '../support/command-line.ts';
import { openTestDatabase } from '../support/database.ts';
import { caller } from '../support/http.ts';
import { processesOf } from '../support/processes.ts';
import { startService } from '../support/service-process.ts';

/** Writes the URLs of all modules that a process has loaded when it exits. */
const LISTING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  process.on('exit', () => process.stderr.write(loaded.join('\\n')));`)}`;

test('a service that is alone loads nothing of a cluster or of tracing, opens one port and joins nobody', async () => {
  await using database = await openTestDatabase();
  const env = {
    ...(await commandEnvironment(database)),
    PORT: '0',
    BCTRL_WARM_MAX: '0',
    CHROMIUM_PATH: inject('chromiumPath'),
    NODE_OPTIONS: `--import=${LISTING}`,
  };
  const service = await startService(env);
  onTestFinished(async () => void (await service.stop('SIGKILL')));
  const call = caller(service.url, service.apiKey ?? 'none');
  expect(await call('GET', '/v1/workspaces/default/runtimes')).toMatchObject({ status: 200 });
  const ours = await processesOf(env.BCTRL_DATA_DIR);
  expect(ours).toContainEqual(expect.objectContaining({ pid: service.pid }));
  const ports = await listeningPorts(ours.map(({ pid }) => pid));
  expect(ports).toEqual([Number(new URL(service.url).port)]);
  expect(await service.stop('SIGTERM')).toBe(0);
  expect(await database.db.$count(nodes)).toBe(0);

  const loaded = service.log.split('\n');
  expect(loaded.filter((url) => url.endsWith('/src/api/service.ts'))).toHaveLength(1);
  const traced = loaded.filter((url) => /@opentelemetry|\/telemetry\//.test(url));
  expect(traced.filter((url) => !url.includes('/@opentelemetry/api/'))).toEqual([]);
  expect(loaded.filter((url) => /@nats-io|\/cluster\/|\/api\/cluster\.ts/.test(url))).toEqual([]);
});
