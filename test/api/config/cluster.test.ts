import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/api/config/config.ts';

const DATABASE_URL = 'postgres://u:hidden@db.example/x';
const NATS_URL = 'nats://nats.example';
/** What every process of a cluster is told. */
const CLUSTER = {
  NATS_URL,
  DATABASE_URL,
  BCTRL_ENCRYPTION_KEY: 'hidden from everybody',
  BCTRL_S3_BUCKET: 'b',
};

const messageOf = (env: Record<string, string>) => {
  try {
    loadConfig(env);
  } catch (error) {
    return String(error);
  }
  return 'nothing was wrong';
};

test('without NATS_URL a process is alone, and does everything', () => {
  expect(loadConfig({})).toMatchObject({ role: 'all', cluster: undefined });
  expect(loadConfig({}).databaseConnections).toBe(20);
});

test.for(['all', 'api', 'node'])(
  'a process of the role %s knows how to meet the others',
  (role) => {
    expect(loadConfig({ ...CLUSTER, BCTRL_ROLE: role })).toMatchObject({
      role,
      cluster: {
        nats: { servers: [NATS_URL], nkeySeedFile: undefined, tls: undefined },
        nodePort: 8788,
        nodeAddress: undefined,
        nodeTls: undefined,
        allowsPlainNodes: false,
      },
      ineffectiveVariables: [],
    });
  },
);

test('everything about a cluster can be set', () => {
  const env = {
    ...CLUSTER,
    NATS_URL: ' tls://u:p%40s%2Cs@[::1]:4333 , nats://t0ken@b.example,nats://c.example/',
    NATS_NKEY_SEED_FILE: '/seed',
    NATS_TLS_CA_FILE: '/nats/ca',
    BCTRL_NODE_PORT: '0',
    BCTRL_NODE_ADDRESS: 'node-1.internal:9000',
    BCTRL_NODE_TLS_CA_FILE: '/ca',
    BCTRL_NODE_TLS_CERT_FILE: '/cert',
    BCTRL_NODE_TLS_KEY_FILE: '/key',
    BCTRL_NODE_TLS: 'off',
  };
  expect(loadConfig(env).cluster).toEqual({
    nats: {
      servers: ['tls://u:p%40s%2Cs@[::1]:4333', 'nats://t0ken@b.example', 'nats://c.example/'],
      nkeySeedFile: '/seed',
      tls: { caFile: '/nats/ca', certFile: undefined, keyFile: undefined },
    },
    nodePort: 0,
    nodeAddress: 'node-1.internal:9000',
    nodeTls: { caFile: '/ca', certFile: '/cert', keyFile: '/key' },
    allowsPlainNodes: true,
  });
});

test.for([
  'http://hidden@h',
  'h:4222',
  'nats://',
  'nats://h:99999',
  'nats://hid#den@h',
  'nats://u:hid/den@h',
  'nats://u:hid@den@h',
  'nats://u:hid%den@h',
  'nats://u:hid,den@h',
  'nats://h,',
  'nats://h/hidden',
])('NATS_URL=%s is refused with the right form, and is not shown', (url) => {
  const message = messageOf({ ...CLUSTER, NATS_URL: url });
  expect(message).toMatch(
    /^Error: Invalid environment variable NATS_URL: is not of the form nats:\/\/user:password@host:4222 .*percent-encode.*, is %2C.*\.$/,
  );
  expect(message).not.toMatch(/hid|99999/);
});

test.for(['10.0.0.7', 'node-1', 'node-1.internal:8788', '[fd00::7]', '[fd00::7]:8788'])(
  '%s is accepted as the address of a node',
  (BCTRL_NODE_ADDRESS) => {
    const config = loadConfig({ ...CLUSTER, BCTRL_NODE_ADDRESS });
    expect(config.cluster?.nodeAddress).toBe(BCTRL_NODE_ADDRESS);
  },
);

test.for(['https://h', 'h:', 'h:99999', 'fd00::7', 'a b', 'u@h', 'h/x'])(
  '%s is refused as the address of a node, with examples',
  (BCTRL_NODE_ADDRESS) => {
    expect(messageOf({ ...CLUSTER, BCTRL_NODE_ADDRESS })).toMatch(
      /BCTRL_NODE_ADDRESS: .*such as 10\.0\.0\.7 or node-1\.internal:8788/,
    );
  },
);

test.for([
  [{ BCTRL_ROLE: 'both' }, /BCTRL_ROLE: not one of all, api, node/],
  [{ BCTRL_NODE_PORT: '65536' }, /BCTRL_NODE_PORT: not a whole number from 0 to 65535/],
  [{ BCTRL_NODE_TLS: 'no' }, /BCTRL_NODE_TLS: not one of on, off/],
  [{ BCTRL_DATABASE_CONNECTIONS: '1' }, /BCTRL_DATABASE_CONNECTIONS: .* from 2 to 10000/],
] as const)('%j is refused', ([env, message]) => {
  expect(messageOf({ ...CLUSTER, ...env })).toMatch(message);
});

const MEMBERS = [
  { BCTRL_ROLE: 'api', cause: 'BCTRL_ROLE=api', needsDatabase: true },
  { BCTRL_ROLE: 'node', cause: 'BCTRL_ROLE=node', needsDatabase: true },
  { BCTRL_ROLE: 'all', cause: 'NATS_URL', needsDatabase: false },
];

test.for(MEMBERS)('what a cluster needs is asked for, with $BCTRL_ROLE', (member) => {
  const { BCTRL_ROLE, cause, needsDatabase } = member;
  const without = (...names: string[]) =>
    messageOf({ ...CLUSTER, BCTRL_ROLE, ...Object.fromEntries(names.map((name) => [name, ''])) });
  const part = `${cause} makes this process part of a cluster, which needs`;

  expect(without('BCTRL_ENCRYPTION_KEY')).toBe(
    `Error: Set BCTRL_ENCRYPTION_KEY (the same on every machine): ${part} it.`,
  );
  expect(without('BCTRL_S3_BUCKET')).toBe(
    `Error: Set BCTRL_S3_BUCKET (where every node finds profiles and extensions): ${part} it.`,
  );
  expect(without('DATABASE_URL')).toBe(
    needsDatabase
      ? `Error: Set DATABASE_URL (the database that all processes share): ${part} it.`
      : 'nothing was wrong',
  );
  const both = without('BCTRL_ENCRYPTION_KEY', 'BCTRL_S3_BUCKET');
  expect(both).toMatch(/^Error: Set BCTRL_ENCRYPTION_KEY \(.*\) and BCTRL_S3_BUCKET \(.*\): /);
  expect(both).toContain(`${part} them.`);
  expect(both).not.toContain('hidden');
});

test.for(['api', 'node'])('all that a lone %s lacks is named at once', (BCTRL_ROLE) => {
  expect(messageOf({ BCTRL_ROLE })).toMatch(
    /Set NATS_URL .*, DATABASE_URL .*, BCTRL_ENCRYPTION_KEY .*, and BCTRL_S3_BUCKET .* needs them\.$/,
  );
});

test.for([
  [{ BCTRL_NODE_TLS_CA_FILE: 'f' }, /BCTRL_NODE_TLS_CA_FILE, .*KEY_FILE go together: set all/],
  [
    { BCTRL_NODE_TLS_CERT_FILE: 'f', BCTRL_NODE_TLS_KEY_FILE: 'f' },
    /BCTRL_NODE_TLS_CA_FILE, .*KEY_FILE go together: set all/,
  ],
  [{ NATS_TLS_KEY_FILE: 'f' }, /NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE go together: set both/],
] as const)('files that go together are set together: %j', ([env, message]) => {
  expect(messageOf({ ...CLUSTER, ...env })).toMatch(message);
});

test('settings of a cluster are warned about where there is none', () => {
  const env = {
    NATS_NKEY_SEED_FILE: '/seed',
    BCTRL_NODE_TLS: 'off',
    BCTRL_NODE_ADRESS: 'h',
    BCTRL_DATABASE_CONNECTIONS: '8',
    BCTRL_ROLE: 'all',
  };
  expect(loadConfig(env).ineffectiveVariables).toEqual([
    'BCTRL_NODE_ADRESS is not a variable of this service; did you mean BCTRL_NODE_ADDRESS?',
    'NATS_NKEY_SEED_FILE has no effect without NATS_URL',
    'BCTRL_NODE_TLS has no effect without NATS_URL',
  ]);
  expect(loadConfig({ ...CLUSTER, BCTRL_NODE_TLS: 'off' }).ineffectiveVariables).toEqual([]);
});

const connectionsOf = (env: Record<string, string>) =>
  loadConfig({ ...CLUSTER, ...env }).databaseConnections;

test('a node has fewer connections to the database, unless it is told how many', () => {
  expect(connectionsOf({ BCTRL_ROLE: 'api' })).toBe(20);
  expect(connectionsOf({ BCTRL_ROLE: 'node' })).toBe(4);
  expect(connectionsOf({ BCTRL_ROLE: 'node', BCTRL_DATABASE_CONNECTIONS: '9' })).toBe(9);
});

test('browsers never reach NATS, wherever its servers are', () => {
  const urls = 'nats://u:p@nats-1.example,tls://[2001:db8::1]:4333';
  expect(loadConfig({ ...CLUSTER, NATS_URL: urls }).reservedServices).toEqual([
    { host: 'db.example', port: 5432 },
    { host: 'nats-1.example', port: 4222 },
    { host: '2001:db8::1', port: 4333 },
  ]);
});

const entrancesOf = (BCTRL_PUBLIC_URL: string, base: Record<string, string> = CLUSTER) =>
  loadConfig({ ...base, BCTRL_PUBLIC_URL }).reservedServices.filter(({ entrance }) => entrance);

test('browsers reach where clients reach the APIs by the entrance, unless TLS hides it', () => {
  const isOpenIfPublic = true;
  expect(entrancesOf('http://browsers.example')).toEqual([
    { host: 'browsers.example', port: 80, isOpenIfPublic, entrance: '/v1/connect' },
  ]);
  expect(entrancesOf('http://[fd00::1]:8080/below/')).toEqual([
    { host: 'fd00::1', port: 8080, isOpenIfPublic, entrance: '/below/v1/connect' },
  ]);
  expect(entrancesOf('https://browsers.example')).toEqual([]);
  expect(entrancesOf('http://browsers.example', {})).toEqual([]);
});

test('the HOST of a node, where it tells its health, decides what its browsers reach', () => {
  const node = { ...CLUSTER, BCTRL_ROLE: 'node' };
  expect(loadConfig(node).egressAllow).toEqual(['*']);
  expect(loadConfig({ ...node, HOST: '0.0.0.0' }).egressAllow).toEqual([]);
});
