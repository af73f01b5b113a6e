import { nkeys } from '@nats-io/transport-node';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { openFolder } from '../../support/folder.ts';
import { HAS_NATS, openNatsServer, type NatsServer } from '../../support/nats-server.ts';
import { failureOf, openBus, settle } from './bus-support.ts';

const LONG = { timeoutMs: 60_000 };

async function openServer(config: string): Promise<NatsServer> {
  const server = await openNatsServer(config);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A configuration whose user may hear one subject alone. */
function permitted(subject: string): string {
  return `authorization { users: [ { user: node, password: secret, permissions: {
    publish: ">", subscribe: ["_INBOX.>", "${subject}"]
  } } ] }`;
}

/** The address of a server, with credentials. */
function urlWith(credentials: string, { port }: NatsServer): string {
  return `nats://${credentials}@127.0.0.1:${port}`;
}

describe.skipIf(!HAS_NATS)('who may use the bus', () => {
  test('users with passwords, which are percent-encoded in the URL', async () => {
    const server = await openServer('authorization { user: "me@home", password: "p:1/secret%" }');
    const { bus, logged } = await openBus(urlWith('me%40home:p%3A1%2Fsecret%25', server));
    await settle(bus);
    for (const [credentials, said] of [
      ['me%40home:another-secret', /\) refuses the credentials\.$/],
      ['another-secret', /\) refuses the credentials\.$/],
    ] as const) {
      const opened = openBus(urlWith(credentials, server));
      await expect(opened).rejects.toThrow(said);
      await expect(opened).rejects.not.toThrow(/secret/);
    }
    await expect(openBus(server.url)).rejects.toThrow(/\) wants credentials, and got none\.$/);
    // The password is another for a while: that is told once, and the bus goes on trying.
    const refusals = () => server.log.match(/authentication error/g)?.length ?? 0;
    const before = refusals();
    await server.restart('authorization { user: "me@home", password: "changed" }');
    await eventually(() => expect(refusals()).toBeGreaterThan(before + 3));
    await server.restart('authorization { user: "me@home", password: "p:1/secret%" }');
    await eventually(() => expect(bus.isConnected).toBe(true));
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, msg: 'the connection to NATS is lost' },
      { level: 50, err: { type: 'AuthorizationError' } },
      { level: 30, msg: 'the connection to NATS is back' },
    ]);
    expect(logged.join('')).not.toContain('secret');
  });

  test('whoever has the token', async () => {
    const server = await openServer('authorization { token: "a secret/token" }');
    const { bus } = await openBus(urlWith('a%20secret%2Ftoken', server));
    await settle(bus);
    await expect(openBus(urlWith('another', server))).rejects.toThrow(/refuses the credentials/);
  });

  test('a node is let to its own subjects alone, by its NKey', async () => {
    const folder = await openFolder();
    const keys = { a: nkeys.createUser(), b: nkeys.createUser() };
    const users = Object.entries(keys).map(
      ([id, key]) => `{ nkey: ${key.getPublicKey()}, permissions: {
        publish: ["nobody", "test.beacon.${id}"]
        subscribe: ["test.node.${id}.>", "_INBOX.${id}.>"]
        allow_responses: true
      } }`,
    );
    const server = await openServer(`authorization { users: [
      { user: api, password: secret }
      ${users.join('\n')}
    ] }`);
    const openNode = async (id: 'a' | 'b') => {
      const nkeySeedFile = join(folder, `${id}.nk`);
      await writeFile(nkeySeedFile, `${new TextDecoder().decode(keys[id].getSeed())}\n`);
      return openBus(server.url, { nkeySeedFile, inbox: `_INBOX.${id}` });
    };
    const { bus: api } = await openBus(urlWith('api:secret', server));
    const a = await openNode('a');
    const b = await openNode('b');
    const heard: unknown[] = [];
    api.subscribe('test.beacon.*', (message) => heard.push(message));
    await settle(api);

    const { promise: confirmed, resolve } = Promise.withResolvers<boolean>();
    a.bus.serve('test.node.a.create', async (_, call) => {
      resolve(await call.answer('by a', 60_000));
    });
    a.bus.serve('test.node.a.stop', async () => 'by a');
    b.bus.serve('test.node.a.stop', async () => 'by b');
    b.bus.subscribe('test.node.a.>', (message) => heard.push(message));
    await Promise.all([settle(a.bus), settle(b.bus)]);
    expect(await api.request('test.node.a.create', {}, LONG)).toBe('by a');
    expect(await confirmed).toBe(true);
    expect(await api.request('test.node.a.stop', {}, LONG)).toBe('by a');

    for (let i = 0; i < 3; i++) b.bus.publish('test.beacon.a', 'forged');
    a.bus.publish('test.beacon.a', 'by a');
    expect(await failureOf(b.bus.request('test.node.a.stop', {}, LONG))).toBe('no_responders');
    await eventually(() => expect(heard).toEqual(['by a']));
    expect(a.logged).toEqual([]);
    const refused = b.logged.map((line) => String(JSON.parse(line).err.message));
    expect(refused.toSorted()).toEqual([
      'Permissions Violation for Publish to "test.beacon.a"',
      'Permissions Violation for Publish to "test.node.a.stop"',
      'Permissions Violation for Subscription to "test.node.a.>"',
      'Permissions Violation for Subscription to "test.node.a.stop"',
    ]);
    const seeds = Object.values(keys).map((key) => new TextDecoder().decode(key.getSeed()));
    for (const seed of seeds) expect([...a.logged, ...b.logged].join('')).not.toContain(seed);
  });

  test('what was refused to one connection is served again when the next one may', async () => {
    const server = await openServer(permitted('test.other'));
    const { bus, logged } = await openBus(urlWith('node:secret', server));
    bus.serve('test.work', async () => 1);
    const ended = bus.serve('test.ended', async () => 1);
    await settle(bus);
    expect(logged.join('')).toContain('Permissions Violation for Subscription to \\"test.work\\"');
    expect(await failureOf(bus.request('test.work', {}, LONG))).toBe('no_responders');
    ended[Symbol.dispose]();
    await server.restart(permitted('test.>'));
    await eventually(async () => expect(await bus.request('test.work', {}, LONG)).toBe(1));
    expect(await failureOf(bus.request('test.ended', {}, LONG))).toBe('no_responders');
  });

  test('a file without the seed of an NKey is named', async () => {
    const folder = await openFolder();
    const nkeySeedFile = join(folder, 'seed');
    const opened = () => openBus('nats://127.0.0.1:1', { nkeySeedFile });
    await expect(opened()).rejects.toThrow(
      `The file ${nkeySeedFile}, which is for NATS, cannot be read.`,
    );
    await writeFile(nkeySeedFile, 'SUsecret');
    await expect(opened()).rejects.toThrow(
      `The file ${nkeySeedFile} does not hold the seed of an NKey.`,
    );
  });
});

describe.skipIf(!HAS_NATS)('a bus with TLS', () => {
  test('both ends have certificates of the cluster, and know whose they are', async () => {
    const folder = await openFolder();
    const file = async (name: string, text: string) => {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    };
    const ca = await authority();
    const [caFile, foreignFile] = [
      await file('ca.pem', ca.cert),
      await file('foreign.pem', (await authority()).cert),
    ];
    const issue = async (name: string, by: Authority) => {
      const pair = await certificate(name, by);
      return {
        certFile: await file(`${name}.pem`, pair.cert),
        keyFile: await file(`${name}.key`, pair.key),
      };
    };
    const its = await issue('server', ca);
    const mine = await issue('client', ca);
    const server = await openServer(`tls {
      cert_file: "${its.certFile}", key_file: "${its.keyFile}", ca_file: "${caFile}"
      verify: true, timeout: 10
    }`);
    const { bus } = await openBus(server.url, { tls: { caFile, ...mine } });
    await settle(bus);
    await server.kill();
    await server.restart();
    await eventually(() => expect(bus.isConnected).toBe(true));

    const none = { caFile: undefined, certFile: undefined, keyFile: undefined };
    const foreign = await issue('foreign', await authority());
    const missing = join(folder, 'missing.pem');
    for (const [tls, said] of [
      [undefined, /\) wants a client certificate\.$/],
      [{ ...none, caFile }, /\) wants a client certificate\.$/],
      [{ caFile, ...foreign }, /perhaps it does not trust the client certificate\.$/],
      [{ caFile: undefined, ...mine }, /\) cannot be connected to: .*certificate.*\.$/],
      [{ caFile: foreignFile, ...mine }, /\) cannot be connected to: .*certificate.*\.$/],
      [{ ...mine, caFile: missing }, `The file ${missing}, which is for NATS, cannot be read.`],
    ] as const) {
      await expect(openBus(server.url, { tls })).rejects.toThrow(said);
    }
    const elsewhere = `nats://localhost:${server.port}`;
    await expect(openBus(elsewhere, { tls: { caFile, ...mine } })).rejects.toThrow(
      /cannot be connected to: .*does not match certificate/,
    );
  });

  test('a client that wants TLS does not do without', async () => {
    const server = await openServer('');
    const url = server.url.replace('nats:', 'tls:');
    await expect(openBus(url)).rejects.toThrow(/\) does not speak TLS\.$/);
  });
});

interface Authority {
  key: string;
  cert: string;
}

async function authority(): Promise<Authority> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'cluster' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { key, cert };
}

/** For 127.0.0.1, and for no name. */
async function certificate(name: string, ca: Authority): Promise<Authority> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { key, cert };
}
