import { expect, test } from 'vitest';
import { isSuspect, judge } from '../../../src/runtime-manager/connections/cdp-policy.ts';
import { inspectCdp } from '../../../src/runtime-manager/connections/cdp-inspection.ts';
import { clientTextFrame } from '../../../src/runtime-manager/connections/websocket-frames.ts';

const FILES = { directory: '/run/r1', stagehandExtension: '/run/stagehand' };
const control = (method: string, params: Record<string, unknown> = {}) =>
  judge({ id: 1, method, params }, 'control', FILES);

const REFUSED: [string, Record<string, unknown>][] = [
  ['Extensions.loadUnpacked', { path: '/run/r1/x' }],
  ['SystemInfo.getInfo', {}],
  ['Browser.getBrowserCommandLine', {}],
  ['Target.exposeDevToolsProtocol', { targetId: 't' }],
  ['Target.sendMessageToTarget', { message: '{}' }],
  ['Tethering.bind', { port: 1 }],
  ['DOM.setFileInputFiles', { files: ['/etc/passwd'] }],
  ['DOM.setFileInputFiles', { files: ['/run/r1/a', '/run/r1/../r2/a'] }],
  ['DOM.setFileInputFiles', { files: ['/run/r10/a'] }],
  ['DOM.setFileInputFiles', { files: ['/etc/passwd'], data: 1 }],
  ['DOM.setFileInputFiles', { files: '/etc/passwd' }],
  ['Input.dispatchDragEvent', { data: { files: ['/etc/passwd'] }, files: 1 }],
  ['Input.dispatchDragEvent', { data: { files: ['/etc/passwd'] } }],
  ['Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: '/etc' }],
  ['Page.setDownloadBehavior', { behavior: 'allow', downloadPath: '/run/r1/../x' }],
  ['Page.navigate', { url: 'file:///etc/passwd' }],
  ['Page.navigate', { url: ' FILE:///etc/passwd' }],
  ['Page.navigate', { url: 'view-source:file:///etc/passwd' }],
  ['Target.createTarget', { url: 'chrome://version' }],
];

test.for(REFUSED)('%s %j is refused, and its message is looked into', ([method, params]) => {
  expect(control(method, params)).toEqual({ refuse: expect.stringContaining(method) });
  expect(isSuspect(Buffer.from(JSON.stringify({ id: 1, method, params })))).toBe(true);
});

test.for<[string, Record<string, unknown>]>([
  ['DOM.setFileInputFiles', { files: ['/run/r1/tmp/upload.txt'] }],
  ['Browser.setDownloadBehavior', { behavior: 'deny' }],
  ['Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: '/run/r1/downloads' }],
  ['Page.navigate', { url: 'https://example.com/?file:' }],
  ['Input.dispatchDragEvent', { data: { items: [] } }],
])('%s %j passes', ([method, params]) => {
  expect(control(method, params)).toEqual({ pass: true });
});

test("stagehand's extension is replaced by the copy of the service", () => {
  const path = 'C:\\app\\node_modules\\@browserbasehq\\stagehand\\dist\\extension';
  expect(control('Extensions.loadUnpacked', { path })).toMatchObject({
    replace: { params: { path: '/run/stagehand' } },
  });
});

test("playwright's downloads are kept in the runtime's directory", () => {
  const params = { behavior: 'allowAndName', downloadPath: '/tmp/playwright-artifacts-1' };
  expect(control('Browser.setDownloadBehavior', params)).toMatchObject({
    replace: { params: { behavior: 'allowAndName', downloadPath: '/run/r1/downloads' } },
  });
});

test.for(['Runtime.evaluate', 'Page.navigate', 'Input.dispatchMouseEvent', 'Network.getCookies'])(
  'an observer may not send %s',
  (method) => {
    expect(judge({ id: 1, method }, 'observe', FILES)).toHaveProperty('refuse');
    expect(judge({ id: 1, method }, 'control', FILES)).toEqual({ pass: true });
  },
);

const inspect = (text: string) => {
  const payload = Buffer.from(text);
  const raw = clientTextFrame(payload);
  return { raw, inspected: inspectCdp('control', FILES)({ opcode: 1, raw, payload }) };
};

test('what is harmless passes as the bytes it came as', () => {
  for (const text of ['{"id":1,"method":"Runtime.evaluate"}', '{"id":1,"method":7}']) {
    const { raw, inspected } = inspect(text);
    expect(inspected).toEqual({ forward: raw });
  }
});

test.for([
  'no json',
  ' {"id":1}',
  '\u00d8Z',
  '{"id":1,/**/"method":"SystemInfo.getInfo"}',
  '{"id":1,"method":"\\x53ystemInfo.getInfo"}',
])('%j is answered here', (text) => {
  expect(inspect(text).inspected).toHaveProperty('answer');
});

test('a refused name cannot hide behind escapes or a second name', () => {
  const hidden = [
    '{"id":1,"method":"\\u0053ystemInfo.getInfo"}',
    '{"id":1,"meth\\u006fd":"SystemInfo.getInfo"}',
    '{"id":1,"method":"Page.enable","method":"SystemInfo.getInfo"}',
  ];
  for (const text of hidden) {
    const { inspected } = inspect(text);
    expect(inspected).toHaveProperty('answer');
  }
  // What is understood here is what the browser is told.
  const { inspected } = inspect('{"id":1,"method":"SystemInfo.getInfo","method":"Page.enable"}');
  const rewritten = Buffer.from('{"id":1,"method":"Page.enable"}');
  expect(inspected).toEqual({ forward: clientTextFrame(rewritten), rewritten });
});
