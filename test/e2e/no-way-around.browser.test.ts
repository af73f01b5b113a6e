import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openSocksProxy } from '../support/proxies.ts';
import { openTestService } from '../support/service.ts';
import { createWorkspace } from '../support/test.ts';
import { openWaysSite } from '../support/ways-site.ts';

/** Collects the packets that arrive, until the test is over. */
async function openUdp(port: number, address: string) {
  const packets: Buffer[] = [];
  const socket: Socket = createSocket('udp4', (packet) => void packets.push(packet));
  socket.bind(port, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, packets };
}

const GATHER = (stun: number) => `new Promise((done) => {
  const found = [];
  const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${stun}' }] });
  peer.createDataChannel('x');
  peer.onicecandidate = (e) => (e.candidate ? found.push(e.candidate.candidate) : done(found));
  peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  setTimeout(() => done(found), 3000);
})`;

const TRANSPORT = (port: number) => `(async () => {
  const transport = new WebTransport('https://127.0.0.1:${port}/', {
    serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(32) }],
  });
  return transport.ready.then(() => 'open', () => 'failed');
})()`;

const HINTS = (name: string) => `(() => {
  for (const rel of ['dns-prefetch', 'preconnect', 'prefetch', 'prerender']) {
    const link = document.createElement('link');
    Object.assign(link, { rel, href: 'http://' + rel + '.${name}/' });
    document.head.append(link);
  }
})()`;

/** A Chromium that would ask the test's nameserver if it resolved any name itself. */
async function chromiumWithNameserver(address: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const configuration = join(directory, 'resolv.conf');
  await writeFile(configuration, `nameserver ${address}\n`);
  const path = join(directory, 'chromium');
  const inside = `mount --bind ${configuration} /etc/resolv.conf && exec "$@"`;
  await writeFile(
    path,
    `#!/bin/sh\nexec unshare -m /bin/sh -c '${inside}' sh ${inject('chromiumPath')} "$@"\n`,
  );
  await chmod(path, 0o755);
  return path;
}

test.for(['off', 'auto'] as const)(
  'nothing that a page or a client tries gets around the proxy (jail: %s)',
  async (jail) => {
    // A jail has no resolver.
    const isRoot = process.getuid?.() === 0 && jail === 'off';
    const nameserver = '127.53.53.53';
    const names = isRoot ? await openUdp(53, nameserver) : undefined;
    const path = isRoot ? await chromiumWithNameserver(nameserver) : inject('chromiumPath');
    if (names) {
      // The control: a process that does resolve a name reaches the nameserver.
      const lookup = `require("dns").lookup("control.example", () => process.exit())`;
      const control = (await chromiumWithNameserver(nameserver)).replace(
        /chromium$/,
        'resolv.conf',
      );
      await promisify(execFile)('unshare', [
        '-m',
        '/bin/sh',
        '-c',
        `mount --bind ${control} /etc/resolv.conf && exec timeout 2 ${process.execPath} -e '${lookup}'`,
      ]).catch(() => undefined);
      expect(names.packets.length).toBeGreaterThan(0);
      names.packets.length = 0;
    }
    await using service = await openTestService({
      executables: { executablePath: path },
      jailMode: jail,
    });
    const workspace = await createWorkspace(service);
    const site = await openWaysSite();
    const stun = await openUdp(0, '127.0.0.1');
    const quic = await openUdp(0, '127.0.0.1');
    const proxy = await openSocksProxy({
      username: 'u',
      password: 'p',
      names: { 'site.example': '127.0.0.1' },
    });
    const config = {
      proxy: { type: 'socks5', host: '127.0.0.1', port: proxy.port, username: 'u', password: 'p' },
    };
    const { connection } = await workspace.create({ launch: { mode: 'ephemeral', config } });
    const browser = await puppeteer.connect({
      browserWSEndpoint: connection.cdpUrl,
      defaultViewport: null,
    });
    onTestFinished(() => browser.disconnect());
    const [page] = await browser.pages();

    await page?.goto(`http://site.example:${site.port}/`);
    expect(await page?.evaluate(HINTS('hint.example'))).toBeUndefined();
    await page?.goto(`http://127.0.0.1:${site.port}/`);
    expect(await page?.evaluate(GATHER(stun.port))).toEqual([]);
    expect(await page?.evaluate(TRANSPORT(quic.port))).toBe('failed');

    const fresh = await browser.createBrowserContext();
    const other = await fresh.newPage();
    await other.goto(`http://127.0.0.1:${site.port}/of-new-context`);
    await expect(
      browser.createBrowserContext({ proxyServer: `http://127.0.0.1:${site.port}` }),
    ).rejects.toThrow(/not allowed with a proxy/);
    await expect(browser.createBrowserContext({ proxyBypassList: ['127.0.0.1'] })).rejects.toThrow(
      /not allowed with a proxy/,
    );
    const over = await chromium.connectOverCDP(connection.cdpUrl);
    onTestFinished(() => over.close());
    const server = { server: `http://127.0.0.1:${site.port}` };
    await expect(over.newContext({ proxy: server })).rejects.toThrow(/not allowed with a proxy/);
    const own = await chromium.connect(connection.playwrightUrl);
    onTestFinished(() => own.close());
    await expect(own.newContext({ proxy: server })).rejects.toThrow(/has no proxy of its own/);
    const context = await own.newContext();
    await context.request.get(`http://127.0.0.1:${site.port}/of-playwright`);

    // Every connection that the site saw came from the proxy.
    const asked = proxy.asked.filter((one) => one.endsWith(`:${site.port}`));
    expect(new Set(asked)).toEqual(
      new Set([`site.example:${site.port}`, `127.0.0.1:${site.port}`]),
    );
    expect(new Set(site.clients)).toEqual(new Set(proxy.outbound));
    expect(stun.packets).toEqual([]);
    expect(quic.packets).toEqual([]);
    expect(names?.packets.map(String) ?? []).toEqual([]);
  },
);
