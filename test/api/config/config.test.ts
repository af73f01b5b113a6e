import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/api/config/config.ts';
import { describeSettings, passedOn } from '../../../docs/settings.ts';

test('nothing has to be set', () => {
  expect(loadConfig({})).toMatchObject({ port: 8787, host: '127.0.0.1', databaseUrl: undefined });
});

test('an empty variable counts as not set', () => {
  expect(loadConfig({ DATABASE_URL: '', BCTRL_API_KEY: '' })).toMatchObject({
    databaseUrl: undefined,
    apiKey: undefined,
  });
});

test('every invalid variable is named, and its value is not shown', () => {
  const env = { PORT: '80a', BCTRL_LAUNCH_TIMEOUT_MS: '1', DATABASE_URL: 'mysql://u:secret@h/d' };
  expect(() => loadConfig(env)).toThrow(/PORT.*DATABASE_URL.*BCTRL_LAUNCH_TIMEOUT_MS/);
  expect(() => loadConfig(env)).not.toThrow(/secret|80a/);
});

test.for([
  'postgres://user:hid#den@host/db',
  'postgres://user:12#34@host/db',
  'postgres://user:hid/den@host/db',
  'postgres://user:12/34@host:5432/db',
  'postgres://user:hid@den@host/db',
  'postgres://user:hid?den@host/db',
  'postgres://user:hid%den@host/db',
])('%s is refused with the advice to percent-encode it, and is not shown', (DATABASE_URL) => {
  const load = () => loadConfig({ DATABASE_URL });
  expect(load).toThrow(/percent-encode.*# is %23, \/ is %2F, @ is %40/);
  expect(load).not.toThrow(/hid|den|12|34/);
});

test.for(['mysql://u:secret@h/d', 'localhost:5432', 'bctrl'])(
  '%s is refused with an example of the right form',
  (DATABASE_URL) => {
    const form = 'postgres://user:password@host:5432/database';
    expect(() => loadConfig({ DATABASE_URL })).toThrow(
      `Invalid environment variable DATABASE_URL: is not of the form ${form}.`,
    );
  },
);

test.for([
  'postgres://user:p%40ss%23w%2Frd@[::1]:5432/db',
  'postgresql://user:colon:ed@host/db?sslmode=require',
  'postgres://user@%2Fvar%2Frun%2Fpostgresql/db',
  'postgres://host/db',
])('%s is accepted as a database', (DATABASE_URL) => {
  expect(loadConfig({ DATABASE_URL })).toMatchObject({ databaseUrl: DATABASE_URL });
});

test.for(['-1', '65536', '1.5', '0x50', ' '])('PORT=%j is refused', (PORT) => {
  expect(() => loadConfig({ PORT })).toThrow(/PORT/);
});

test.for([
  ['BCTRL_TRUSTED_PROXIES', 'nginx', /BCTRL_TRUSTED_PROXIES: not an address.* such as 10\.0\.0\.5/],
  ['BCTRL_PUBLIC_URL', 'browsers.example', /such as https:\/\/browsers\.example\.com/],
  ['BCTRL_EGRESS_ALLOW', 'a b', /such as 10\.0\.0\.0\/8/],
  ['BCTRL_MAX_RUNTIMES', 'many', /a whole number from 1 to 10000/],
  ['BCTRL_JAIL', 'yes', /one of auto, required, off/],
] as const)('%s=%s is refused with a value as it should be', ([name, value, example]) => {
  expect(() => loadConfig({ [name]: value })).toThrow(example);
});

test.for([
  [undefined, '*'],
  ['*', '*'],
  ['none', "'self'"],
  [
    'https://app.example.com, http://localhost:3000',
    "'self' https://app.example.com http://localhost:3000",
  ],
  ['https://*.example.com', "'self' https://*.example.com"],
] as const)('BCTRL_EMBED_ORIGINS=%s lets %s frame live views', ([value, ancestors]) => {
  expect(loadConfig({ BCTRL_EMBED_ORIGINS: value }).frameAncestors).toBe(ancestors);
});

test.for([
  'https://app.example.com/',
  'app.example.com',
  '*,https://a.example',
  "'self'",
  'https://a.example; script-src *',
])(
  'BCTRL_EMBED_ORIGINS=%s is refused: it would say something else in the header',
  (BCTRL_EMBED_ORIGINS) => {
    expect(() => loadConfig({ BCTRL_EMBED_ORIGINS })).toThrow(/origins without a path, such as/);
  },
);

const [KEY, OTHER] = ['a key of this year', ' it has spaces at its ends '];

test('old encryption keys are separated by commas', () => {
  const config = loadConfig({
    BCTRL_ENCRYPTION_KEY: OTHER,
    BCTRL_ENCRYPTION_KEYS_OLD: `${KEY},${KEY}2`,
  });
  expect(config).toMatchObject({ encryptionKey: OTHER, oldEncryptionKeys: [KEY, `${KEY}2`] });
  expect(loadConfig({}).oldEncryptionKeys).toEqual([]);
});

test.for([
  [{ BCTRL_ENCRYPTION_KEY: 'too short' }, /_KEY: has a key shorter than 16/],
  [{ BCTRL_ENCRYPTION_KEY: `${KEY},${KEY}` }, /_KEY: has a comma.*the file encryption-key/],
  [{ BCTRL_ENCRYPTION_KEYS_OLD: `${KEY},too short` }, /_OLD: has a key shorter than 16/],
  [{ BCTRL_ENCRYPTION_KEYS_OLD: `${KEY}, ${KEY}` }, /_OLD: has a space beside a comma/],
] as const)('encryption keys are refused that cannot be told apart: %j', ([env, problem]) => {
  expect(() => loadConfig(env)).toThrow(problem);
  expect(() => loadConfig(env)).not.toThrow(/this year|too short/);
});

test('unknown BCTRL_ variables are reported', () => {
  const env = { BCTRL_DATADIR: 'x', BCTRL_BANANA: 'x', OTHER: 'y', BCTRL_DATA_DIR: 'z' };
  expect(loadConfig(env).ineffectiveVariables).toEqual([
    'BCTRL_DATADIR is not a variable of this service; did you mean BCTRL_DATA_DIR?',
    'BCTRL_BANANA is not a variable of this service',
  ]);
});

test('browsers get only the environment variables that they need', () => {
  const env = { PATH: '/bin', TZ: 'UTC', BCTRL_API_KEY: 'k'.repeat(20), AWS_SECRET: 's' };
  expect(loadConfig(env).browserEnv).toEqual({ PATH: '/bin', TZ: 'UTC' });
});

test('browsers reach internal addresses only on a loopback HOST or when BCTRL_EGRESS_ALLOW says so', () => {
  expect(loadConfig({}).egressAllow).toEqual(['*']);
  expect(loadConfig({ HOST: '::1' }).egressAllow).toEqual(['*']);
  expect(loadConfig({ HOST: '0.0.0.0' }).egressAllow).toEqual([]);
  const rules = { BCTRL_EGRESS_ALLOW: '10.0.0.0/8, *.corp.example' };
  expect(loadConfig(rules).egressAllow).toEqual(['10.0.0.0/8', '*.corp.example']);
  expect(() => loadConfig({ BCTRL_EGRESS_ALLOW: '10.0.0.0/99' })).toThrow(/BCTRL_EGRESS_ALLOW/);
});

const own = (env: Record<string, string>) => loadConfig(env).reservedServices;

test('browsers never reach the database, and S3, solver and collector only at public addresses', () => {
  const s3 = { BCTRL_S3_BUCKET: 'b', BCTRL_S3_ENDPOINT: 'http://minio.example' };
  const solver = { BCTRL_CAPTCHA_KEY: 'k' };
  expect(own({})).toEqual([]);
  expect(own({ DATABASE_URL: 'postgres://u:p@db.example/x' })).toEqual([
    { host: 'db.example', port: 5432 },
  ]);
  expect(own(s3)).toEqual([{ host: 'minio.example', port: 80, isOpenIfPublic: true }]);
  expect(own({ ...s3, BCTRL_S3_ENDPOINT: 'https://[fd00::1]' })).toEqual([
    { host: 'fd00::1', port: 443, isOpenIfPublic: true },
  ]);
  expect(own({ ...s3, BCTRL_S3_FORCE_PATH_STYLE: 'false' })).toEqual([
    { host: 'minio.example', port: 80, isOpenIfPublic: true },
    { host: 'b.minio.example', port: 80, isOpenIfPublic: true },
  ]);
  expect(own({ BCTRL_S3_ENDPOINT: 'http://minio.example' })).toEqual([]);
  expect(own({ ...solver, BCTRL_CAPTCHA_URL: 'https://solver.example:8443/x' })).toEqual([
    { host: 'solver.example', port: 8443, isOpenIfPublic: true },
  ]);
  expect(own({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318' })).toEqual([
    { host: 'collector.example', port: 4318, isOpenIfPublic: true },
  ]);
});

const placesOf = (floorMb: number) =>
  loadConfig({ BCTRL_MEMORY_FLOOR_MB: String(floorMb) }).admission.maxRuntimes;

test('the limit of runtimes follows from the memory above the floor, unless it is set', () => {
  const more = placesOf(512);
  expect(more).toBeGreaterThan(0);
  expect(placesOf(512 + 400)).toBe(Math.max(1, more - 2));
  expect(placesOf(10_000_000)).toBe(1);
  expect(loadConfig({ BCTRL_MAX_RUNTIMES: '7' }).admission.maxRuntimes).toBe(7);
});

test('the docs describe every variable as its schema does (`npm run settings` writes them)', async () => {
  const path = new URL('../../../docs/configuration.md', import.meta.url);
  const page = await readFile(path, 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` +\| (.*?) +\| (.*?) *\|$/gm)];
  const shown = rows.map(([, name, value, description]) => ({ name, default: value, description }));
  expect(shown).toEqual(describeSettings());
});

test('docker-compose passes on every variable that names no path or address', async () => {
  const compose = await readFile(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
  const { DATABASE_URL: _made, ...passed } = parse(compose).services.api.environment;
  expect(Object.entries(passed)).toEqual(passedOn().map((name) => [name, null]));
});
