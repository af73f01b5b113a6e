import { openService } from '../../src/api/service.ts';
import { uploadDir } from '../../src/api/verbs.ts';
import { openDatabase } from '../../src/db/client.ts';
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
) {
  const cluster = stack.use(await TestCluster.open());
  const database = stack.use(await openDatabase({ url: cluster.databaseUrl }, { connections: 4 }));
  const open = async (role: 'api' | 'node', differs: Settings) => {
    const env = { ...process.env, ...cluster.env(role), BCTRL_DATABASE_CONNECTIONS: '6' };
    const config = configFor(differs, env);
    const service = stack.use(await openService(config, { log, openNode }));
    return { ...service, uploadDir: uploadDir(config) };
  };
  const { url: nodeUrl, browserRoot } = await open('node', settings);
  const [dataDir, browserDir] = await Promise.all([newDirectory(), newDirectory()]);
  const api = await open('api', { ...settings, dataDir, browserDir });
  return { ...api, nodeUrl, browserRoot, newApiKey: cluster.apiKey, database };
}
