import { expect, test } from 'vitest';
import { canonicalHost, classify } from '../../../src/runtime-manager/egress/addresses.ts';
import { DestinationRules, isRule } from '../../../src/runtime-manager/egress/destination-rules.ts';
import { EgressPolicy, Narrowing } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';

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
  ['fd00::1', 'private'],
  ['fc00::1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
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
  // What https://www.iana.org/assignments/iana-ipv6-special-registry has beside those.
  ['::', 'forbidden'],
  ['::7f00:1', 'forbidden'],
  ['::808:808', 'forbidden'],
  ['::ffff:8.8.8.8', 'public'],
  ['::ffff:0:7f00:1', 'forbidden'],
  ['::ffff:0:808:808', 'forbidden'],
  ['64:ff9b::808:808', 'public'],
  ['64:ff9b::6440:1', 'private'],
  ['64:ff9b::6464:64c8', 'forbidden'],
  ['64:ff9b:1::808:808', 'forbidden'],
  ['64:ff9b::1:0:0', 'forbidden'],
  ['100::1', 'forbidden'],
  ['100:0:0:1::1', 'forbidden'],
  ['2001::1', 'private'],
  ['2001:1::1', 'private'],
  ['2001:1::2', 'private'],
  ['2001:1::3', 'private'],
  ['2001:2::1', 'private'],
  ['2001:3::1', 'private'],
  ['2001:4:112::1', 'private'],
  ['2001:10::1', 'private'],
  ['2001:20::1', 'private'],
  ['2001:30::1', 'private'],
  ['2001:1ff::1', 'private'],
  ['2001:db8::1', 'private'],
  ['2002:808:808::1', 'public'],
  ['2002:7f00:1::', 'private'],
  ['2620:4f:8000::1', 'private'],
  ['3fff::1', 'private'],
  ['4000::1', 'forbidden'],
  ['5f00::1', 'forbidden'],
  ['8000::1', 'forbidden'],
  ['fe00::1', 'forbidden'],
  ['fec0::1', 'forbidden'],
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

/** Each address leads to 10.9.9.9, through some gateway. */
const CARRIERS = ['::ffff:a09:909', '64:ff9b::a09:909', '2002:a09:909::1', '::a09:909'];

test('rules of IPv4 addresses match the addresses that carry one, and nothing else', () => {
  const rules = new DestinationRules(['10.0.0.0/8']);
  for (const address of CARRIERS) expect(rules.matches('x', address), address).toBe(true);
  for (const address of ['2001:a09:909::1', 'fd00::a09:909', '64:ff9b::b09:909', '::1', '::']) {
    expect(rules.matches('x', address), address).toBe(false);
  }
  expect(new DestinationRules(['64:ff9b::/96']).matches('x', '64:ff9b::a09:909')).toBe(true);
  expect(new DestinationRules(['0.0.0.0/8']).matches('x', '::1')).toBe(false);
});

test('a runtime cannot reach a denied IPv4 address by an address that carries it', async () => {
  const open = new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts() });
  const denied = new Narrowing({ deny: ['10.0.0.0/8'] });
  const elsewhere = new Narrowing({ allow: ['11.0.0.0/8'] });
  const allowed = new Narrowing({ allow: ['10.0.0.0/8'] });
  for (const host of CARRIERS) {
    expect(denied.refusalOf(host, host), host).toEqual(refusal('denied'));
    expect(elsewhere.refusalOf(host, host), host).toEqual(refusal('not_allowed'));
    expect(allowed.refusalOf(host, host), host).toBeUndefined();
    await expect(open.resolve(at(host), denied), host).rejects.toEqual(refusal('denied'));
    await expect(open.assertReachable(at(host), denied)).rejects.toEqual(refusal('denied'));
  }
});

test('an address is as private or as public as the IPv4 address that it carries', async () => {
  const closed = new EgressPolicy({ allow: [], reservedPorts: new ReservedPorts() });
  const some = new EgressPolicy({ allow: ['10.0.0.0/8'], reservedPorts: new ReservedPorts() });
  const open = new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts() });
  for (const host of ['64:ff9b::a09:909', '2002:a09:909::1']) {
    await expect(closed.resolve(at(host)), host).rejects.toEqual(refusal('private_address'));
    expect(await some.resolve(at(host))).toEqual([host]);
  }
  for (const host of ['64:ff9b::808:808', '2002:808:808::1']) {
    expect(await closed.resolve(at(host))).toEqual([host]);
  }
  for (const host of ['::ffff:0:7f00:1', '::7f00:1', '64:ff9b:1::7f00:1', '::', 'fec0::1']) {
    await expect(open.resolve(at(host)), host).rejects.toEqual(refusal('forbidden_address'));
  }
});

const at = (host: string, port = 80) => ({ host, port });
const refusal = (code: string) => expect.objectContaining({ name: 'EgressRefusal', code });

test('an internal address is refused unless it is allowed', async () => {
  const reservedPorts = new ReservedPorts([{ host: '127.0.0.1', port: 5432 }]);
  using _held = reservedPorts.hold(8787);
  const closed = new EgressPolicy({ allow: [], reservedPorts });
  const open = new EgressPolicy({ allow: ['*'], reservedPorts });
  const some = new EgressPolicy({ allow: ['127.0.0.2', 'localhost'], reservedPorts });
  expect(await closed.resolve(at('8.8.8.8'))).toEqual(['8.8.8.8']);
  for (const host of ['127.0.0.1', '10.0.0.1', 'localhost', '::ffff:7f00:1', 'fd00::1']) {
    await expect(closed.resolve(at(host)), host).rejects.toEqual(refusal('private_address'));
  }
  expect(await some.resolve(at('127.0.0.2'))).toEqual(['127.0.0.2']);
  expect(await some.resolve(at('localhost'))).toContain('127.0.0.1');
  await expect(some.resolve(at('127.0.0.1'))).rejects.toEqual(refusal('private_address'));
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    'localhost',
    '::1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ]) {
    await expect(open.resolve(at(host, 8787)), host).rejects.toEqual(refusal('own_port'));
    await expect(open.resolve(at(host, 5432)), host).rejects.toEqual(refusal('own_port'));
  }
  for (const host of ['169.254.169.254', 'fe80::1', '::ffff:a9fe:a9fe']) {
    await expect(open.resolve(at(host)), host).rejects.toEqual(refusal('forbidden_address'));
  }
});

test('a destination behind a proxy is judged by its name alone', async () => {
  const reservedPorts = new ReservedPorts();
  using _held = reservedPorts.hold(8787);
  const closed = new EgressPolicy({ allow: [], reservedPorts });
  const open = new EgressPolicy({ allow: ['*'], reservedPorts });
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

test('the rules of a runtime narrow what it may reach, and never widen it', async () => {
  const closed = new EgressPolicy({ allow: [], reservedPorts: new ReservedPorts() });
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

test('localhost and the names below it are loopback, and no resolver is asked', async () => {
  const policy = new EgressPolicy({ allow: ['127.0.0.1'], reservedPorts: new ReservedPorts() });
  const all = new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts() });
  for (const host of ['localhost', 'no-such-name.localhost']) {
    expect(await all.resolve({ host, port: 80 })).toEqual(['::1', '127.0.0.1']);
    expect(await policy.resolve({ host, port: 80 })).toEqual(['127.0.0.1']);
  }
  const none = new EgressPolicy({ allow: [], reservedPorts: new ReservedPorts() });
  await expect(none.resolve({ host: 'a.localhost', port: 80 })).rejects.toMatchObject({
    code: 'private_address',
  });
});
