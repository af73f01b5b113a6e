import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/api/config.ts';
import { Environment } from '../../src/api/environment.ts';

test('nothing has to be set', () => {
  expect(loadConfig({})).toMatchObject({ port: 8787, host: '127.0.0.1', databaseUrl: undefined });
});

test('an empty variable counts as not set', () => {
  expect(loadConfig({ DATABASE_URL: '', BCTRL_API_KEY: '' })).toMatchObject({
    databaseUrl: undefined,
    apiKey: undefined,
  });
});

test('every invalid variable is named, and no value', () => {
  const env = { PORT: '80a', BCTRL_LAUNCH_TIMEOUT_MS: '1', DATABASE_URL: 'mysql://u:secret@h/d' };
  expect(() => loadConfig(env)).toThrow(/PORT.*DATABASE_URL.*BCTRL_LAUNCH_TIMEOUT_MS/);
  expect(() => loadConfig(env)).not.toThrow(/secret|80a/);
});

test.for(['-1', '65536', '1.5', '0x50', ' '])('PORT=%j is refused', (PORT) => {
  expect(() => loadConfig({ PORT })).toThrow(/PORT/);
});

test('unknown BCTRL_ variables are reported', () => {
  const { unknownVariables } = loadConfig({ BCTRL_DATADIR: 'x', OTHER: 'y', BCTRL_DATA_DIR: 'z' });
  expect(unknownVariables).toEqual(['BCTRL_DATADIR']);
});

test('browsers see nothing of the environment but what they need', () => {
  const env = { PATH: '/bin', TZ: 'UTC', BCTRL_API_KEY: 'k'.repeat(20), AWS_SECRET: 's' };
  expect(loadConfig(env).browserEnv).toEqual({ PATH: '/bin', TZ: 'UTC' });
});

test('what is inside is reached only by who is at this machine, unless it is said', () => {
  expect(loadConfig({}).egressAllow).toEqual(['*']);
  expect(loadConfig({ HOST: '::1' }).egressAllow).toEqual(['*']);
  expect(loadConfig({ HOST: '0.0.0.0' }).egressAllow).toEqual([]);
  const rules = { BCTRL_EGRESS_ALLOW: '10.0.0.0/8, *.corp.example' };
  expect(loadConfig(rules).egressAllow).toEqual(['10.0.0.0/8', '*.corp.example']);
  expect(() => loadConfig({ BCTRL_EGRESS_ALLOW: '10.0.0.0/99' })).toThrow(/BCTRL_EGRESS_ALLOW/);
  expect(loadConfig({ DATABASE_URL: 'postgres://u:p@db.example/x' }).ownServices).toEqual([
    { host: 'db.example', port: 5432 },
  ]);
});

test('the README lists every variable and no other', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const listed = [...readme.matchAll(/^\| `([A-Z0-9_]+)` +\|/gm)].map(([, name]) => name);
  expect(new Set(listed)).toEqual(new Set(Object.keys(Environment.shape)));
});

test('docker-compose passes every variable on that does not say where things are', async () => {
  const compose = await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  const { DATABASE_URL: _made, ...passed } = parse(compose).services.api.environment;
  const inTheImage = /^(?:PORT|HOST|DATABASE_URL|CHROM\w+|BCTRL_DATA_DIR|BCTRL_BROWSER_DIR)$/;
  const wanted = Object.keys(Environment.shape).filter((name) => !inTheImage.test(name));
  expect(new Set(Object.keys(passed))).toEqual(new Set(wanted));
  expect(Object.values(passed)).toEqual(wanted.map(() => null));
});
