import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { offeredPort } from '../../../../src/runtime-manager/connections/cdp/context-proxy.ts';
import {
  judge,
  type RuntimeFiles,
} from '../../../../src/runtime-manager/connections/cdp/cdp-policy.ts';
import { inspectCdp } from '../../../../src/runtime-manager/connections/cdp/cdp-inspection.ts';
import { clientTextFrame } from '../../../../src/runtime-manager/connections/websocket/websocket-frames.ts';

const FILES: RuntimeFiles = {
  contextProxyPort: 3129,
  seen: '/run/files',
  onHost: '/run/files',
  stagehandExtension: '/run/stagehand',
};
const PASS = { pass: true };
const control = (method: string, params: Record<string, unknown> = {}, files = FILES) =>
  judge({ id: 1, method, params }, 'control', files);

const REFUSED: [string, Record<string, unknown>][] = [
  ['Extensions.loadUnpacked', { path: '/run/files/x' }],
  ['SystemInfo.getInfo', {}],
  ['Tethering.bind', { port: 1 }],
  ['PWA.install', { manifestId: 'x', installUrlOrBundleUrl: 'file:///etc' }],
  ['Cast.startDesktopMirroring', { sinkName: 'x' }],
  ['Browser.getBrowserCommandLine', {}],
  ['Browser.executeBrowserCommand', { commandId: 'openTabSearch' }],
  ['Target.exposeDevToolsProtocol', { targetId: 't' }],
  ['Target.sendMessageToTarget', { message: '{}' }],
  ['Target.openDevTools', { targetId: 't' }],
  ['Target.createBrowserContext', { proxyServer: 'direct://' }],
  ['Target.createBrowserContext', { proxyServer: 'socks5://127.0.0.1:40000' }],
  ['Page.addCompilationCache', { url: 'x', data: '' }],
  ['DOM.setFileInputFiles', { files: '/etc/passwd' }],
  ['DOM.setFileInputFiles', {}],
  ['Input.dispatchDragEvent', { data: { files: ['/etc/passwd'] } }],
  ['Input.dispatchDragEvent', { data: 'x' }],
  ['Page.navigate', { url: 'file:///etc/passwd' }],
  ['Page.navigate', { url: ' FILE:///etc/passwd' }],
  ['Page.navigate', { url: 'view-source:file:///etc/passwd' }],
  ['Page.navigate', { url: 'fi\nle:///etc/passwd' }],
  ['Target.createTarget', { url: 'chrome://version' }],
  ['Network.loadNetworkResource', { url: 'devtools://devtools/bundled/x' }],
  ['Tracing.start', { perfettoConfig: 'AAAA' }],
  ['Tracing.start', { tracingBackend: 'system' }],
];

test.for(REFUSED)('%s %j is refused with a reason', ([method, params]) => {
  expect(control(method, params)).toEqual({
    refuse: expect.stringMatching(`^${method} is not allowed.{10}`),
  });
});

test.for<[string, Record<string, unknown>]>([
  ['Runtime.evaluate', { expression: '1' }],
  ['Browser.setDownloadBehavior', { behavior: 'deny' }],
  ['Page.navigate', { url: 'https://example.com/?file:' }],
  ['Input.dispatchDragEvent', { data: { items: [] } }],
  ['Target.createBrowserContext', { disposeOnDetach: true }],
  ['Tracing.start', { categories: 'devtools.timeline', transferMode: 'ReturnAsStream' }],
])('%s %j passes', ([method, params]) => {
  expect(control(method, params)).toEqual(PASS);
});

test.for(['Page.inventedHere', 'Nothing.known', 'constructor', '', 'Page.enable '])(
  'an unknown command, such as "%s", does not pass',
  (method) => {
    expect(control(method)).toEqual({ refuse: `${method} is not known here`, unknown: true });
  },
);

test('a command may name files in the folder of the runtime, but not through a link', async () => {
  const root = await mkdtemp(join(tmpdir(), 'files-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const onHost = join(root, 'files');
  await mkdir(join(onHost, 'uploads'), { recursive: true });
  await writeFile(join(onHost, 'uploads', 'a.txt'), '');
  await symlink('/etc', join(onHost, 'etc'));
  await symlink('/nowhere/at/all', join(onHost, 'dangling'));
  const files = { ...FILES, seen: '/seen/files', onHost };
  const verdictOn = (path: string) => {
    const verdicts = [
      control('DOM.setFileInputFiles', { files: [path] }, files),
      control('Input.dispatchDragEvent', { data: { files: [path] } }, files),
    ];
    return verdicts.map((verdict) => 'pass' in verdict);
  };
  for (const path of ['uploads/a.txt', 'uploads', 'uploads/new/b', 'a name\\with.all']) {
    expect(verdictOn(`/seen/files/${path}`), path).toEqual([true, true]);
  }
  for (const path of [
    '/etc/passwd',
    '/seen/files',
    '/seen/files/',
    '/seen/files2/a',
    '/seen/files/../x',
    '/seen/files/uploads/../../x',
    '/seen/files/uploads/../uploads/a.txt',
    '/seen/files/etc/passwd',
    '/seen/files/etc',
    '/seen/files/dangling',
    '/seen/files/dangling/new',
    '/seen/files/uploads/a\0',
    `/seen/files/${'x'.repeat(5000)}`,
    'seen/files/uploads/a.txt',
    'C:\\seen\\files\\a',
    '\\\\host\\share',
    join(onHost, 'uploads/a.txt'),
  ]) {
    expect(verdictOn(path), path).toEqual([false, false]);
  }
});

test("Stagehand's extension is replaced by the copy of the service", () => {
  const path = 'C:\\app\\node_modules\\@browserbasehq\\stagehand\\dist\\extension';
  expect(control('Extensions.loadUnpacked', { path })).toMatchObject({
    replace: { params: { path: '/run/stagehand' } },
  });
});

test.for(['Browser.setDownloadBehavior', 'Page.setDownloadBehavior'])(
  "%s keeps downloads in the runtime's folder, whatever path is named",
  (method) => {
    for (const downloadPath of ['/etc', 'C:\\Downloads', '/run/files/playwright/x', 7]) {
      expect(control(method, { behavior: 'allowAndName', downloadPath })).toEqual({
        replace: {
          id: 1,
          method,
          params: { behavior: 'allowAndName', downloadPath: '/run/files/downloads' },
        },
      });
    }
  },
);

test("playwright's helper says where in the folder downloads go, and nowhere else", () => {
  const method = 'Browser.setDownloadBehavior';
  const own = { behavior: 'allowAndName', downloadPath: '/run/files/playwright/artifacts-1' };
  expect(judge({ id: 1, method, params: own }, 'playwright', FILES)).toEqual(PASS);
  const other = { ...own, downloadPath: '/run/files/../x' };
  expect(judge({ id: 1, method, params: other }, 'playwright', FILES)).toMatchObject({
    replace: { params: { downloadPath: '/run/files/downloads' } },
  });
});

test('nobody may give a page the protocol', () => {
  const command = { id: 1, method: 'Target.exposeDevToolsProtocol' };
  for (const role of ['control', 'observe', 'playwright'] as const) {
    expect(judge(command, role, FILES)).toHaveProperty('refuse');
  }
});

test.for(['Runtime.evaluate', 'Page.navigate', 'Input.dispatchMouseEvent', 'Network.getCookies'])(
  'an observer may not send %s',
  (method) => {
    expect(judge({ id: 1, method }, 'observe', FILES)).toHaveProperty('refuse');
    expect(judge({ id: 1, method }, 'control', FILES)).toEqual(PASS);
  },
);

const inspect = (text: string) => {
  const payload = Buffer.from(text);
  const raw = clientTextFrame(payload);
  return { raw, inspected: inspectCdp('control', FILES)({ opcode: 1, raw, payload }) };
};

test.for([
  '{"id":1,"method":"Runtime.evaluate"}',
  '{"id":1, "method" :\n\t"Runtime.evaluate","params":{"expression":"\\"a\\"\\n\\\\d"}}',
  '{"id":1,"method":"Runtime.evaluate","params":{"a":[{"method":"SystemInfo.getInfo"}],"b":"]}"}}',
])('%j passes as the bytes it came as', (text) => {
  const { raw, inspected } = inspect(text);
  expect(inspected).toEqual({ forward: raw });
});

test.for([
  'no json',
  '',
  '[]',
  ' {"id":1}',
  '\u00d8Z',
  '\ufeff{"id":1,"method":"Page.enable"}',
  '{"id":1,"method":7}',
  '{"id":1,/**/"method":"SystemInfo.getInfo"}',
  '{"id":1,/*"method":"Page.enable",*/"method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"\\x53ystemInfo.getInfo"}',
  '{"id":1,"\\x6dethod":"SystemInfo.getInfo","x":{"method":"Page.enable"}}',
  '{"id":1,"method":"\\u0053ystemInfo.getInfo"}',
  '{"id":1,"meth\\u006fd":"SystemInfo.getInfo"}',
  '{"id":1,"params":{"method":"Page.enable"},"meth\\u006fd":"SystemInfo.getInfo"}',
  '{"id":1,"params":{"method":"Page.enable"},"method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"Page.enable","method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"Page.enable","params":{"a":1/*"*/},"method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"Page.enable","params":["\\\\"],"method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"Page.enable"}{"id":1,"method":"SystemInfo.getInfo"}',
])('%j is answered here', (text) => {
  expect(inspect(text).inspected).toHaveProperty('answer');
});

test('the browser gets the command that the inspection read', () => {
  const { inspected } = inspect(' {"id":1,"method":"SystemInfo.getInfo","method":"Page.enable"}');
  const rewritten = Buffer.from('{"id":1,"method":"Page.enable"}');
  expect(inspected).toEqual({ forward: clientTextFrame(rewritten), rewritten });
});

test('an unknown command is answered as browsers answer it', () => {
  const { inspected } = inspect('{"id":7,"method":"Page.invented","sessionId":"s"}');
  expect('answer' in inspected && JSON.parse(inspected.answer.toString())).toEqual({
    id: 7,
    sessionId: 's',
    error: { code: -32601, message: 'bctrl: Page.invented is not known here.' },
  });
});

/** Texts of all that a message could be made of: names, disguises of names, and what is around them. */
const keys = fc.constantFrom('"method"', '"meth\\u006fd"', '"m\\x65thod"', '"\\"method"', '"x"');
const values = fc.oneof(
  fc
    .constantFrom('Page.enable', 'Runtime.evaluate', 'SystemInfo.getInfo', 'Page.navigate', 'No.no')
    .map((name) => `"${name}"`),
  fc.constantFrom(
    '"\\u0050age.enable"',
    '"Page.enable\\n"',
    '7',
    '{"method":"Page.enable"}',
    '[{"method":7},"]","/*"]',
    '"method"',
    '"a"',
  ),
);
const spaces = fc.constantFrom('', ' ', '\n\t', '/**/', '\ufeff');
const pairs = fc
  .tuple(spaces, keys, spaces, values, spaces)
  .map(([before, key, between, value, after]) => `${before}${key}${between}:${value}${after}`);
const messages = fc
  .tuple(fc.array(pairs, { maxLength: 4 }), fc.nat(3), fc.constantFrom('', '', '', '{', '}', ' '))
  .map(([parts, at, end]) => `{${parts.toSpliced(at, 0, '"id":1').join(',')}}${end}`);

test('no message passes unread that would be refused when it is read', () => {
  let unread = 0;
  fc.assert(
    fc.property(messages, (text) => {
      const { raw, inspected } = inspect(text);
      if (!('forward' in inspected) || inspected.rewritten) return;
      unread++;
      expect(inspected.forward).toEqual(raw);
      // A key twice, or a letter that is no JSON, is an error for the browser too.
      const method = parse(text)?.['method'];
      if (typeof method === 'string') {
        expect(judge({ id: 1, method }, 'control', FILES)).toEqual(PASS);
      } else {
        expect(method).toBeUndefined();
      }
    }),
    { numRuns: 20_000 },
  );
  expect(unread).toBeGreaterThan(100);
});

test('every message that would pass when it is read is passed on', () => {
  fc.assert(
    fc.property(messages, (text) => {
      const method = parse(text)?.['method'];
      if (typeof method !== 'string') return;
      const verdict = judge({ id: 1, method }, 'control', FILES);
      expect('forward' in inspect(text).inspected, text).toBe('pass' in verdict);
    }),
    { numRuns: 20_000 },
  );
});

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const context = (params: object) =>
  judge(
    { id: 1, method: 'Target.createBrowserContext', params: { disposeOnDetach: true, ...params } },
    'playwright',
    FILES,
  );

test("a context may name the proxy of Playwright's server, and no other proxy", () => {
  expect(context({ proxyServer: 'socks5://127.0.0.1:40000', proxyBypassList: '*' })).toMatchObject({
    replace: {
      params: {
        disposeOnDetach: true,
        proxyServer: 'socks5://127.1.156.64:3129',
        proxyBypassList: '<-loopback>',
      },
    },
  });
  expect(offeredPort('127.1.156.64')).toBe(40_000);
  expect(offeredPort('127.0.0.1')).toBeUndefined();
  for (const params of [
    { proxyServer: 'direct://' },
    { proxyServer: 'socks5://127.0.0.1:65536' },
    { proxyServer: 'socks5://127.0.0.1:40000;https=direct://' },
    { proxyServer: 'socks5://192.0.2.1:40000' },
    { proxyServer: ['socks5://127.0.0.1:40000'] },
    { proxyBypassList: '*' },
  ]) {
    expect(context(params), JSON.stringify(params)).toHaveProperty('refuse');
  }
});
