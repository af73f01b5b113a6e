import { afterEach, expect, test, vi } from 'vitest';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';

afterEach(() => vi.useRealTimers());

/** A resolver that knows the names it is given, and answers that any other does not exist. */
function resolver(names: Record<string, string[] | Error>) {
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    const found = names[host] ?? Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    if (found instanceof Error) throw found;
    return found;
  };
  return { names, asked, resolve };
}

const database = { host: 'db.example', port: 5432 };
const storage = { host: 's3.example', port: 443, isOpenIfPublic: true };

test('storage and solver are closed to pages at internal addresses, and open at public ones', async () => {
  const { resolve } = resolver({ 's3.example': ['10.0.0.5', 'fd00::5', '8.8.8.8'] });
  const ports = new ReservedPorts([storage], resolve);
  expect(await ports.has('10.0.0.5', 443)).toBe(true);
  expect(await ports.has('fd00::5', 443)).toBe(true);
  expect(await ports.has('::ffff:10.0.0.5', 443)).toBe(true);
  expect(await ports.has('64:ff9b::a00:5', 443)).toBe(true);
  expect(await ports.has('10.0.0.6', 443)).toBe(false);
  expect(await ports.has('10.0.0.5', 80)).toBe(false);
  expect(await ports.has('8.8.8.8', 443)).toBe(false);
});

test('the database is closed to pages at every address', async () => {
  const { resolve } = resolver({ 'db.example': ['8.8.8.8'] });
  const ports = new ReservedPorts([database], resolve);
  expect(await ports.has('8.8.8.8', 5432)).toBe(true);
  expect(await ports.has('64:ff9b::808:808', 5432)).toBe(true);
  expect(await ports.has('8.8.4.4', 5432)).toBe(false);
});

test('storage on this machine is closed at every address of this machine', async () => {
  const { resolve } = resolver({ 's3.example': ['127.0.0.1'] });
  const ports = new ReservedPorts([storage], resolve);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0']) {
    expect(await ports.has(address, 443), address).toBe(true);
  }
});

test('a name is resolved only where it could matter, and not for every connection', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { asked, resolve } = resolver({ 's3.example': ['10.0.0.5'] });
  const ports = new ReservedPorts([storage], resolve);
  await ports.has('10.0.0.5', 80);
  await ports.has('8.8.8.8', 443);
  expect(asked).toEqual([]);
  await Promise.all(Array.from({ length: 20 }, (_, n) => ports.has(`10.0.1.${n}`, 443)));
  expect(asked).toEqual(['s3.example']);
  vi.advanceTimersByTime(60_000);
  await ports.has('10.0.0.5', 443);
  expect(asked).toHaveLength(1);
  await ports.has('10.0.0.6', 443);
  expect(asked).toHaveLength(2);
});

test('the old address of a name stays closed when the name gets another', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { names, resolve } = resolver({ 's3.example': ['10.0.0.5'] });
  const ports = new ReservedPorts([storage], resolve);
  expect(await ports.has('10.0.0.6', 443)).toBe(false);
  names['s3.example'] = ['10.0.0.6'];
  vi.advanceTimersByTime(60_000);
  expect(await ports.has('10.0.0.6', 443)).toBe(true);
  expect(await ports.has('10.0.0.5', 443)).toBe(true);
});

test('every internal address is closed while names cannot be resolved', async () => {
  const away = Object.assign(new Error('the resolver is away'), { code: 'EAI_AGAIN' });
  const { names, resolve } = resolver({ 's3.example': away });
  const ports = new ReservedPorts([storage], resolve);
  expect(await ports.has('10.0.0.6', 443)).toBe(true);
  expect(await ports.has('8.8.8.8', 443)).toBe(false);
  names['s3.example'] = ['10.0.0.5'];
  expect(await ports.has('10.0.0.6', 443)).toBe(false);
  const unknown = new ReservedPorts([storage], resolver({}).resolve);
  expect(await unknown.has('10.0.0.6', 443)).toBe(false);
});

test('an entrance is that of the process that is meant, or else of any behind the port', () => {
  const path = '/v1/connect';
  const ports = new ReservedPorts([
    { host: 'browsers.example', port: 80, entrance: '/below/v1/connect' },
    { host: 'storage.example', port: 9000 },
  ]);
  ports.setPeers(['10.0.0.1', '10.0.0.2'].map((host) => ({ host, port: 8787, entrance: path })));
  expect(ports.entranceOf({ host: '10.0.0.2', port: 8787 })).toEqual({
    host: '10.0.0.2',
    port: 8787,
    path,
  });
  expect(ports.entranceOf({ host: 'api.example', port: 8787 })).toEqual({
    host: '10.0.0.1',
    port: 8787,
    path,
  });
  expect(ports.entranceOf({ host: 'browsers.example', port: 80 })).toEqual({
    host: 'browsers.example',
    port: 80,
    path: '/below/v1/connect',
  });
  expect(ports.entranceOf({ host: 'storage.example', port: 9000 })).toBeUndefined();
});
