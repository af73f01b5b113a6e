import { expect, test } from 'vitest';
import { canonicalHost, classify } from '../../../src/runtime-manager/egress/addresses.ts';
import { DestinationRules, isRule } from '../../../src/runtime-manager/egress/destination-rules.ts';
import { EgressPolicy, Narrowing } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { OwnPorts } from '../../../src/runtime-manager/egress/own-ports.ts';

test.for([
  ['8.8.8.8', 'public'],
  ['2606:4700:4700::1111', 'public'],
  ['127.0.0.1', 'private'],
  ['127.255.0.9', 'private'],
  ['0.0.0.0', 'private'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['198.18.0.1', 'private'],
  ['240.0.0.1', 'private'],
  ['::1', 'private'],
  ['::', 'private'],
  ['fd00::1', 'private'],
  ['fec0::1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['::7f00:1', 'private'],
  ['64:ff9b::a00:1', 'private'],
  ['2002:a00:1::', 'private'],
  ['169.254.169.254', 'forbidden'],
  ['169.254.1.1', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['64:ff9b::a9fe:a9fe', 'forbidden'],
  ['2002:a9fe:a9fe::', 'forbidden'],
  ['100.100.100.200', 'forbidden'],
  ['168.63.129.16', 'forbidden'],
  ['fd00:ec2::254', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['ff02::1', 'forbidden'],
])('%s is %s', ([address = '', kind]) => expect(classify(address)).toBe(kind));

test.for([
  ['2130706433', '127.0.0.1'],
  ['0x7f000001', '127.0.0.1'],
  ['0177.0.0.1', '127.0.0.1'],
  ['127.1', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['Example.COM.', 'example.com'],
  ['[::1]', '::1'],
  ['::FFFF:127.0.0.1', '::ffff:7f00:1'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['a b', undefined],
  ['a@b', undefined],
  ['a/b', undefined],
  ['', undefined],
])('%s is the host %s', ([host = '', canonical]) => expect(canonicalHost(host)).toBe(canonical));

test('rules are addresses, ranges, names, and names below a name', () => {
  const rules = new DestinationRules([
    '10.0.0.0/8',
    'fd00::/8',
    '192.0.2.7',
    'A.example',
    '*.b.example',
  ]);
  expect(rules.matches('x', '10.9.9.9')).toBe(true);
  expect(rules.matches('x', '::ffff:10.9.9.9')).toBe(true);
  expect(rules.matches('x', 'fd12::1')).toBe(true);
  expect(rules.matches('x', '192.0.2.7')).toBe(true);
  expect(rules.matches('x', '192.0.2.8')).toBe(false);
  expect(rules.matches('a.example')).toBe(true);
  expect(rules.matches('x.a.example')).toBe(false);
  expect(rules.matches('x.y.b.example')).toBe(true);
  expect(rules.matches('b.example')).toBe(false);
  expect(new DestinationRules(['*']).matches('anything')).toBe(true);
  expect(
    [
      '10.0.0.0/33',
      '*.*',
      'a b',
      '',
      'http://a',
      'a:80',
      '*.10.0.0.1',
      '10/8',
      '192.168/16',
      '::ffff:0:0/90',
    ].filter(isRule),
  ).toEqual([]);
});

const at = (host: string, port = 80) => ({ host, port });
const refusal = (code: string) => expect.objectContaining({ name: 'EgressRefusal', code });

test('what is inside is refused unless it is allowed', async () => {
  const ownPorts = new OwnPorts([{ host: '127.0.0.1', port: 5432 }]);
  using _held = ownPorts.hold(8787);
  const closed = new EgressPolicy({ allow: [], ownPorts });
  const open = new EgressPolicy({ allow: ['*'], ownPorts });
  const some = new EgressPolicy({ allow: ['127.0.0.2', 'localhost'], ownPorts });
  expect(await closed.resolve(at('8.8.8.8'))).toEqual(['8.8.8.8']);
  for (const host of ['127.0.0.1', '10.0.0.1', 'localhost', '::ffff:7f00:1', 'fd00::1']) {
    await expect(closed.resolve(at(host)), host).rejects.toEqual(refusal('private_address'));
  }
  expect(await some.resolve(at('127.0.0.2'))).toEqual(['127.0.0.2']);
  expect(await some.resolve(at('localhost'))).toContain('127.0.0.1');
  await expect(some.resolve(at('127.0.0.1'))).rejects.toEqual(refusal('private_address'));
  for (const host of ['127.0.0.1', '127.9.9.9', '0.0.0.0', 'localhost', '::1', '::ffff:7f00:1']) {
    await expect(open.resolve(at(host, 8787)), host).rejects.toEqual(refusal('own_port'));
    await expect(open.resolve(at(host, 5432)), host).rejects.toEqual(refusal('own_port'));
  }
  for (const host of ['169.254.169.254', 'fe80::1', '::ffff:a9fe:a9fe']) {
    await expect(open.resolve(at(host)), host).rejects.toEqual(refusal('forbidden_address'));
  }
});

test('what a proxy is to reach is judged by what can be told from its name', async () => {
  const ownPorts = new OwnPorts();
  using _held = ownPorts.hold(8787);
  const closed = new EgressPolicy({ allow: [], ownPorts });
  const open = new EgressPolicy({ allow: ['*'], ownPorts });
  const not = new Narrowing({});
  await closed.assertReachable({ host: 'example.com', port: 80 }, not);
  await closed.assertReachable({ host: '8.8.8.8', port: 80 }, not);
  for (const host of ['intranet', 'db.internal', 'printer.local', 'x.corp', 'router.home.arpa']) {
    const asked = closed.assertReachable({ host, port: 80 }, not);
    await expect(asked, host).rejects.toEqual(refusal('internal_name'));
    await open.assertReachable({ host, port: 80 }, not);
  }
  for (const host of ['10.0.0.1', 'localhost', 'x.localhost', '::1']) {
    const asked = closed.assertReachable({ host, port: 80 }, not);
    await expect(asked, host).rejects.toEqual(refusal('private_address'));
  }
  const metadata = open.assertReachable({ host: 'metadata.google.internal', port: 80 }, not);
  await expect(metadata).rejects.toEqual(refusal('forbidden_address'));
  const own = open.assertReachable({ host: 'localhost', port: 8787 }, not);
  await expect(own).rejects.toEqual(refusal('own_port'));
});

test('a runtime narrows what it may reach, and never widens it', async () => {
  const closed = new EgressPolicy({ allow: [], ownPorts: new OwnPorts() });
  const reach = (host: string, rules: ConstructorParameters<typeof Narrowing>[0]) =>
    closed.resolve({ host, port: 80 }, new Narrowing(rules));
  expect(await reach('8.8.8.8', { allow: ['8.8.0.0/16'] })).toEqual(['8.8.8.8']);
  await expect(reach('9.9.9.9', { allow: ['8.8.0.0/16'] })).rejects.toEqual(refusal('not_allowed'));
  await expect(reach('8.8.8.8', { allow: [] })).rejects.toEqual(refusal('not_allowed'));
  await expect(reach('8.8.8.8', { deny: ['8.8.8.8'] })).rejects.toEqual(refusal('denied'));
  await expect(reach('no.such.example', { deny: ['*.example'] })).rejects.toEqual(
    refusal('denied'),
  );
  await expect(reach('127.0.0.1', { allow: ['*'] })).rejects.toEqual(refusal('private_address'));
});
