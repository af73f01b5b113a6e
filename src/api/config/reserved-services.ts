import type { ReservedService } from '../../runtime-manager/index.ts';
import { CONNECT_PATH } from '../http/connection-urls.ts';
import type { ProcessConfig } from './settings/cluster.ts';
import type { RuntimesConfig } from './settings/runtimes.ts';
import type { ServerConfig } from './settings/server.ts';
import type { StorageConfig } from './settings/storage.ts';
import type { TracedConfig } from './settings/tracing.ts';

/** Where a service listens whose URL names no port. */
const USUAL_PORTS = new Map([
  ['http:', 80],
  ['https:', 443],
  ['postgres:', 5432],
  ['postgresql:', 5432],
  ['nats:', 4222],
  ['tls:', 4222],
]);

type Services = Pick<ServerConfig, 'databaseUrl' | 'publicUrl'> &
  Pick<StorageConfig, 's3'> &
  Pick<RuntimesConfig, 'captchas'> &
  Pick<ProcessConfig, 'cluster'> &
  TracedConfig;

/** The services that this one lives from. Everybody reaches a public storage, solver or collector anyway. */
export function reservedServices({
  databaseUrl,
  publicUrl,
  s3,
  captchas: { solver },
  cluster,
  tracing,
}: Services): ReservedService[] {
  const own = [databaseUrl, ...(cluster?.nats.servers ?? [])].filter((url) => url !== undefined);
  const services: ReservedService[] = own.filter((url) => !isSocket(url)).map(portAddress);
  if (s3?.endpoint !== undefined) {
    const storage = { ...portAddress(s3.endpoint), isOpenIfPublic: true };
    services.push(storage);
    if (!s3.forcePathStyle) services.push({ ...storage, host: `${s3.bucket}.${storage.host}` });
  }
  for (const one of [solver, tracing]) {
    if (one) services.push({ ...portAddress(one.url), isOpenIfPublic: true });
  }
  if (cluster && publicUrl !== undefined) services.push(...entranceAt(publicUrl));
  return services;
}

/**
 * Where clients, and extensions inside browsers, reach the APIs of a cluster. What passes with TLS
 * cannot be told apart, so there the rules for the address alone decide.
 */
function entranceAt(publicUrl: string): ReservedService[] {
  const { protocol, pathname } = new URL(publicUrl);
  if (protocol !== 'http:') return [];
  const entrance = pathname.replace(/\/$/, '') + CONNECT_PATH;
  return [{ ...portAddress(publicUrl), isOpenIfPublic: true, entrance }];
}

/** Whether a URL has the directory of a socket in place of a host. */
function isSocket(url: string): boolean {
  return new URL(url).hostname.startsWith('%2F');
}

function portAddress(url: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || USUAL_PORTS.get(protocol)),
  };
}
