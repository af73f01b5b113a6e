import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Dialer } from '../../../src/runtime-manager/egress/dial.ts';
import { EgressPolicy } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';
import type { Proxy } from '../../../src/runtime-manager/runtime/index.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { openHttpProxy, openOddProxy, openSocksProxy } from '../../support/proxies.ts';

const never = new AbortController().signal;
/** Time limits: for proxies that answer, on a machine that may be busy, and for those that never do. */
const PATIENT_MS = 30_000;
const TIMEOUT_MS = 300;
const credentials = { username: 'usér', password: 'p@ss:w/%20 "ü' };

function dialer(
  proxy: Omit<Proxy, 'host'>,
  { reservedPorts = new ReservedPorts(), proxyTimeoutMs = PATIENT_MS } = {},
): Dialer {
  const policy = new EgressPolicy({ allow: ['*'], reservedPorts });
  const route = { proxy: { host: '127.0.0.1', ...proxy }, rules: {} };
  return new Dialer({ policy, proxyTimeoutMs }, route);
}

const failing = (code: string) => expect.objectContaining({ code });

test.for(['http', 'socks5'] as const)('a %s proxy is authenticated', async (type) => {
  const open = type === 'http' ? openHttpProxy : openSocksProxy;
  const { port, asked } = await open(credentials);
  await dialer({ type, port, ...credentials }).check(never);
  expect(asked.filter((host) => !host.endsWith('.invalid:443'))).toEqual([]);
  const wrong = { ...credentials, password: 'wrong' };
  await expect(dialer({ type, port, ...wrong }).check(never)).rejects.toEqual(
    failing('proxy.auth_failed'),
  );
  await expect(dialer({ type, port }).check(never)).rejects.toEqual(failing('proxy.auth_failed'));
});

const say =
  (...parts: (string | number[])[]) =>
  (client: Socket) => {
    const left = [...parts];
    client.on('data', () => {
      const part = left.shift();
      if (part !== undefined) client.write(typeof part === 'string' ? part : Buffer.from(part));
    });
  };
const hangUp = (client: Socket) => void client.once('data', () => client.end());
const reset = (client: Socket) => void client.once('data', () => client.resetAndDestroy());

test.for<['http' | 'socks5', string, (client: Socket) => void, string]>([
  ['http', 'answers garbage', say('SSH-2.0-OpenSSH_9.2\r\n'), 'proxy.protocol_error'],
  [
    'http',
    'wants credentials without a challenge',
    say('HTTP/1.1 407 No\r\n\r\n'),
    'proxy.auth_failed',
  ],
  ['socks5', 'says nothing', say(), 'proxy.timeout'],
  ['socks5', 'stalls in its greeting', say([5]), 'proxy.timeout'],
  ['socks5', 'stalls before it authenticates', say([5, 2]), 'proxy.timeout'],
  ['socks5', 'stalls while it authenticates', say([5, 2], [1]), 'proxy.timeout'],
  ['socks5', 'refuses the credentials', say([5, 2], [1, 1]), 'proxy.auth_failed'],
  ['socks5', 'takes no method', say([5, 0xff]), 'proxy.auth_failed'],
  ['socks5', 'is of version 4', say([0, 90, 0, 0]), 'proxy.protocol_error'],
  ['socks5', 'speaks HTTP', say('HTTP/1.1 400 Bad Request\r\n\r\n'), 'proxy.protocol_error'],
  ['socks5', 'hangs up', hangUp, 'proxy.protocol_error'],
  ['socks5', 'resets', reset, 'proxy.protocol_error'],
])('a %s proxy that %s fails in time, and leaves nothing open', async ([type, , behave, code]) => {
  const odd = await openOddProxy(behave);
  const proxyTimeoutMs = code === 'proxy.timeout' ? TIMEOUT_MS : PATIENT_MS;
  const tried = dialer({ type, port: odd.port, ...credentials }, { proxyTimeoutMs });
  const begun = performance.now();
  const error: unknown = await tried.check(never).catch((cause: unknown) => cause);
  expect(error).toEqual(failing(code));
  expect(performance.now() - begun).toBeLessThan(TIMEOUT_MS + 700 * contention());
  expect(String(error)).toContain(`127.0.0.1:${odd.port}`);
  expect(String(error)).not.toContain(credentials.username);
  await eventually(() => expect(odd.open()).toBe(0));
});

test.for<[string, (client: Socket) => void]>([
  ['says nothing', say()],
  ['answers half a line', say('HTTP/1.1 2')],
  ['hangs up', hangUp],
  ['resets', reset],
  ['answers that it cannot reach it', say('HTTP/1.1 502 No\r\n\r\n')],
])('an http proxy that %s when it is asked for no host has let us in', async ([, behave]) => {
  const odd = await openOddProxy(behave);
  const proxyTimeoutMs = TIMEOUT_MS;
  await dialer({ type: 'http', port: odd.port, ...credentials }, { proxyTimeoutMs }).check(never);
  await eventually(() => expect(odd.open()).toBe(0));
});

test('whoever waits for a socks5 proxy that stalls while it connects can give up', async () => {
  const odd = await openOddProxy(say([5, 0]));
  const gone = AbortSignal.timeout(100);
  const dialed = dialer({ type: 'socks5', port: odd.port }).dial(
    { host: 'a.example', port: 80 },
    gone,
  );
  await expect(dialed).rejects.toThrow(/timeout/);
  await eventually(() => expect(odd.open()).toBe(0));
});

test('a proxy where nobody listens, or whose host does not exist, is unreachable', async () => {
  const { port } = await openOddProxy(() => undefined);
  const ports = new ReservedPorts();
  using _own = ports.hold(port);
  await expect(dialer({ type: 'http', port: 9, ...credentials }).check(never)).rejects.toThrow(
    expect.objectContaining({
      code: 'proxy.unreachable',
      message: 'The proxy 127.0.0.1:9 cannot be reached: it refused the connection.',
    }),
  );
  const nowhere = new Dialer(
    {
      policy: new EgressPolicy({ allow: ['*'], reservedPorts: ports }),
      proxyTimeoutMs: PATIENT_MS,
    },
    { proxy: { type: 'http', host: 'nowhere.invalid', port: 80 }, rules: {} },
  );
  await expect(nowhere.check(never)).rejects.toThrow(
    expect.objectContaining({
      code: 'proxy.unreachable',
      message: 'The proxy nowhere.invalid:80 cannot be reached: its name does not resolve.',
    }),
  );
  await expect(
    dialer({ type: 'http', port }, { reservedPorts: ports }).check(never),
  ).rejects.toEqual(failing('proxy.not_allowed'));
});

test('the proxy gets the name of a destination, not its address', async () => {
  const site = await openOddProxy((client) => client.end('hello'));
  const options = { ...credentials, names: { 'site.example': '127.0.0.1' } };
  for (const type of ['http', 'socks5'] as const) {
    const proxy = await (type === 'http' ? openHttpProxy : openSocksProxy)(options);
    const way = dialer({ type, port: proxy.port, ...credentials });
    for (const host of ['site.example', '127.0.0.1']) {
      const socket = await way.dial({ host, port: site.port }, never);
      expect(Buffer.concat(await socket.toArray()).toString()).toBe('hello');
    }
    expect(proxy.asked).toEqual([`site.example:${site.port}`, `127.0.0.1:${site.port}`]);
    await expect(way.dial({ host: '127.0.0.1', port: 9 }, never)).rejects.toThrow(
      /proxy could not reach it/,
    );
  }
});
