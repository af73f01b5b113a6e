import { z } from 'zod';
import { NatsServers } from '../nats-url.ts';
import { integer, oneOf, setting, type ValuesOf } from './setting.ts';

const ROLES = ['all', 'api', 'node'] as const;
const CONNECTIONS = { all: 20, api: 20, node: 4 };
const DRAIN_SECONDS = { all: 0, api: 0, node: 3600 };

const file = z.string().optional();
const HOST_AND_PORT = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;
const address = z
  .string()
  .refine(
    (text) => HOST_AND_PORT.test(text) && URL.canParse(`tcp://${text}`),
    'not a host, or a host and a port, such as 10.0.0.7 or node-1.internal:8788; an IPv6 address is in brackets',
  );

/** Services on many machines, which talk by NATS and share a database. */
export const CLUSTER_SETTINGS = {
  BCTRL_ROLE: setting(
    oneOf(ROLES).default('all'),
    'What this process does: `api` serves clients, `node` runs browsers, `all` does both',
  ),
  NATS_URL: setting(
    NatsServers.optional(),
    'The NATS servers that connect the processes of a cluster, separated by commas: `nats://user:password@host:4222`, `tls://…`, or a token instead of user and password; percent-encoded. Without it, this process is not part of a cluster',
  ),
  NATS_NKEY_SEED_FILE: setting(
    file,
    'The file with the seed of the NKey with which this process authenticates to NATS',
  ),
  NATS_TLS_CA_FILE: setting(file, 'The file with the CA certificates for NATS', {
    default: 'those of Node.js',
  }),
  NATS_TLS_CERT_FILE: setting(
    file,
    'The file with the client certificate of this process for NATS',
  ),
  NATS_TLS_KEY_FILE: setting(file, 'The file with the private key of that certificate'),
  BCTRL_NODE_PORT: setting(
    integer(0, 65535).default(8788),
    'The port on which a node accepts connections from other processes of the cluster; 0 chooses a free port',
  ),
  BCTRL_NODE_ADDRESS: setting(
    address.optional(),
    'The host, or `host:port`, at which other processes reach that port. By default, the address from which this machine connects to NATS',
    { default: 'detected' },
  ),
  BCTRL_NODE_TLS_CA_FILE: setting(
    file,
    'The file with the CA certificates for connections between the processes of the cluster',
  ),
  BCTRL_NODE_TLS_CERT_FILE: setting(
    file,
    'The file with the certificate of this process for these connections',
  ),
  BCTRL_NODE_TLS_KEY_FILE: setting(file, 'The file with the private key of that certificate'),
  BCTRL_NODE_TLS: setting(
    oneOf(['on', 'off']).default('on'),
    'Without certificates: `on` allows connections between processes only on loopback; `off` also allows them between machines, signed but not encrypted, for networks that you trust',
  ),
  BCTRL_DATABASE_CONNECTIONS: setting(
    integer(2, 10_000).optional(),
    'The maximum number of connections from this process to Postgres; for a moment at startup, it has two more, and while there are webhooks, an API has four more',
    { default: `\`${CONNECTIONS.all}\`, in a \`node\` \`${CONNECTIONS.node}\`` },
  ),
  BCTRL_DRAIN_SECONDS: setting(
    integer(0, 604_800).optional(),
    'How long a process that [drains](operate.md#drain-a-node) lets its runtimes run before it stops them. With 0, SIGTERM stops them immediately, and a drain by command has no time limit',
    { default: `\`${DRAIN_SECONDS.all}\`, in a \`node\` \`${DRAIN_SECONDS.node}\`` },
  ),
};

/** How this process meets the others of its cluster. */
export interface ClusterConfig {
  nats: {
    /** URLs, with the user and password or the token in them. */
    servers: string[];
    nkeySeedFile: string | undefined;
    tls:
      | { caFile: string | undefined; certFile: string | undefined; keyFile: string | undefined }
      | undefined;
  };
  /** 0 for a free one. */
  nodePort: number;
  /** A host, or a host and a port. Undefined: the address by which this machine reaches NATS. */
  nodeAddress: string | undefined;
  nodeTls: { caFile: string; certFile: string; keyFile: string } | undefined;
  /** Whether processes of other machines may be met without TLS. */
  allowsPlainNodes: boolean;
}

export interface ProcessConfig {
  role: (typeof ROLES)[number];
  /** At most; two at least. */
  databaseConnections: number;
  /** How long a drain lets runtimes go on; with 0, a shutdown does not drain. */
  drainMs: number;
  /** Undefined: this process is alone. */
  cluster: ClusterConfig | undefined;
}

type Values = ValuesOf<typeof CLUSTER_SETTINGS>;

/** What every process of a cluster has to be told, and why. */
const NEEDED = [
  ['NATS_URL', 'the servers that connect the processes'],
  ['DATABASE_URL', 'the database that all processes share'],
  ['BCTRL_ENCRYPTION_KEY', 'the same on every machine'],
  ['BCTRL_S3_BUCKET', 'where every node finds profiles and extensions'],
] as const;
type Needed = { [Name in (typeof NEEDED)[number][0]]?: unknown };

/** Throws one sentence that names all that a cluster needs and that is not set. */
export function processConfig(values: Values & Needed): ProcessConfig {
  const { BCTRL_ROLE: role, NATS_URL: servers } = values;
  if (role !== 'all' || servers !== undefined) assertComplete(role, values);
  return {
    role,
    databaseConnections: values.BCTRL_DATABASE_CONNECTIONS ?? CONNECTIONS[role],
    drainMs: (values.BCTRL_DRAIN_SECONDS ?? DRAIN_SECONDS[role]) * 1000,
    cluster: servers === undefined ? undefined : clusterConfig(servers, values),
  };
}

/** A process that does everything may share its embedded Postgres with others on its machine. */
function assertComplete(role: ProcessConfig['role'], values: Needed): void {
  const missing = NEEDED.filter(
    ([name]) => values[name] === undefined && !(role === 'all' && name === 'DATABASE_URL'),
  );
  if (missing.length === 0) return;
  const list = new Intl.ListFormat('en').format(missing.map(([name, why]) => `${name} (${why})`));
  const cause = role === 'all' ? 'NATS_URL' : `BCTRL_ROLE=${role}`;
  const them = missing.length === 1 ? 'it' : 'them';
  throw new Error(
    `Set ${list}: ${cause} makes this process part of a cluster, which needs ${them}.`,
  );
}

function clusterConfig(servers: string[], values: Values): ClusterConfig {
  return {
    nats: { servers, nkeySeedFile: values.NATS_NKEY_SEED_FILE, tls: natsTls(values) },
    nodePort: values.BCTRL_NODE_PORT,
    nodeAddress: values.BCTRL_NODE_ADDRESS,
    nodeTls: nodeTls(values),
    allowsPlainNodes: values.BCTRL_NODE_TLS === 'off',
  };
}

function natsTls(values: Values): ClusterConfig['nats']['tls'] {
  const { NATS_TLS_CA_FILE: caFile, NATS_TLS_CERT_FILE: certFile } = values;
  const { NATS_TLS_KEY_FILE: keyFile } = values;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error('NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE go together: set both, or neither.');
  }
  if (caFile === undefined && certFile === undefined) return undefined;
  return { caFile, certFile, keyFile };
}

function nodeTls(values: Values): ClusterConfig['nodeTls'] {
  const { BCTRL_NODE_TLS_CA_FILE: caFile, BCTRL_NODE_TLS_CERT_FILE: certFile } = values;
  const { BCTRL_NODE_TLS_KEY_FILE: keyFile } = values;
  if (caFile !== undefined && certFile !== undefined && keyFile !== undefined) {
    return { caFile, certFile, keyFile };
  }
  if (caFile === undefined && certFile === undefined && keyFile === undefined) return undefined;
  throw new Error(
    'BCTRL_NODE_TLS_CA_FILE, BCTRL_NODE_TLS_CERT_FILE and BCTRL_NODE_TLS_KEY_FILE go together: set all of them, or none.',
  );
}
