import { openService, type Service } from '../../src/api/service.ts';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { TestCluster } from './cluster.ts';
import type { ServiceGround } from './service.ts';
import { configFor, type Settings } from './settings.ts';

/**
 * The same as one service, by two: a node, whose directories are the given ones, and an API without
 * browsers in front of it. All is closed with `stack`.
 */
export async function openClusteredService(
  settings: Settings,
  { log, openNode, newDirectory }: ServiceGround,
  stack: AsyncDisposableStack,
): Promise<Omit<Service, keyof AsyncDisposable> & { database: Database }> {
  const cluster = stack.use(await TestCluster.open());
  const database = stack.use(await openDatabase({ url: cluster.databaseUrl }, { connections: 4 }));
  const open = async (role: 'api' | 'node', differs: Settings) => {
    const env = { ...process.env, ...cluster.env(role), BCTRL_DATABASE_CONNECTIONS: '6' };
    return stack.use(await openService(configFor(differs, env), { log, openNode }));
  };
  const { browserRoot } = await open('node', settings);
  const [dataDir, browserDir] = await Promise.all([newDirectory(), newDirectory()]);
  const { url } = await open('api', { ...settings, dataDir, browserDir });
  return { url, browserRoot, newApiKey: cluster.apiKey, database };
}
