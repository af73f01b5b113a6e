import { expect, test } from 'vitest';
import { judgeBidi } from '../../../../src/runtime-manager/connections/bidi/bidi-policy.ts';
import { inspectBidi } from '../../../../src/runtime-manager/connections/webdriver/webdriver-inspection.ts';

const FILES = {
  seen: '/run/r1',
  onHost: '/nowhere/r1',
  stagehandExtension: '/run/stagehand',
};
const judged = (method: string, params: Record<string, unknown> = {}) =>
  judgeBidi({ id: 1, method, params }, FILES);

const PROXY = { proxyType: 'manual', httpProxy: '127.0.0.1:1' };
const REFUSED: [string, Record<string, unknown>][] = [
  ['foo.bar', {}],
  ['constructor', {}],
  ['cdp.sendCommand', { method: 'Browser.getVersion' }],
  ['bluetooth.simulateAdapter', { context: 'c', state: 'powered-on' }],
  ['webExtension.install', { extensionData: { type: 'path', path: '/etc' } }],
  ['webExtension.uninstall', { extension: 'e' }],
  ['browsingContext.startScreencast', { context: 'c', destinationFolder: '/etc' }],
  ['browser.createUserContext', { proxy: PROXY }],
  ['browser.createUserContext', { 'goog:proxyServer': '127.0.0.1:1' }],
  ['browser.createUserContext', { 'goog:proxyBypassList': ['*'] }],
  ['input.setFiles', { context: 'c', element: { sharedId: 'e' }, files: ['/etc/passwd'] }],
  ['input.setFiles', { context: 'c', element: { sharedId: 'e' }, files: ['/run/r1/../r2/a'] }],
  ['input.setFiles', { context: 'c', element: { sharedId: 'e' }, files: '/run/r1/a' }],
  ['browsingContext.navigate', { context: 'c', url: ' FILE:///etc/passwd' }],
  ['browsingContext.navigate', { context: 'c', url: 'chr\nome://version' }],
  ['network.continueRequest', { request: 'r', url: 'file:///etc/passwd' }],
];

test.for(REFUSED)('%s %j is refused by its name', ([method, params]) => {
  expect(judged(method, params)).toEqual({
    error: 'unsupported operation',
    refuse: expect.stringContaining(method),
  });
});

test.for([
  ['SystemInfo.getInfo', {}],
  ['Target.exposeDevToolsProtocol', { targetId: 't' }],
] as const)('%s of CDP is refused through BiDi too', ([method, params]) => {
  expect(judged('goog:cdp.sendCommand', { method, params })).toEqual({
    error: 'unsupported operation',
    refuse: expect.stringContaining(`${method} is not allowed`),
  });
});

test("downloads go to the runtime's folder whatever CDP says through BiDi", () => {
  const params = { behavior: 'allow', downloadPath: '/etc' };
  const method = 'Browser.setDownloadBehavior';
  expect(judged('goog:cdp.sendCommand', { method, params })).toEqual({
    pass: { method, params: { ...params, downloadPath: '/run/r1/downloads' } },
  });
});

test('the replacement of a CDP command is sent in its place', () => {
  const path = '/app/node_modules/@browserbasehq/stagehand/dist/extension';
  const asked = { method: 'Extensions.loadUnpacked', params: { path }, session: 's' };
  expect(judged('goog:cdp.sendCommand', asked)).toEqual({
    pass: { ...asked, params: { path: '/run/stagehand' } },
  });
});

test('a parameter that a command does not take is named', () => {
  expect(judged('browsingContext.getTree', { root: 'c', destinationFolder: '/etc' })).toEqual({
    error: 'invalid argument',
    refuse: 'browsingContext.getTree does not take the parameter destinationFolder',
  });
});

test('a session cannot be created inside another', () => {
  expect(judged('session.new', { capabilities: {} })).toMatchObject({
    error: 'session not created',
  });
});

test.for<[string, Record<string, unknown>]>([
  ['browser.createUserContext', { acceptInsecureCerts: true }],
  ['browser.setDownloadBehavior', { downloadBehavior: { type: 'denied' } }],
  ['browser.setDownloadBehavior', { downloadBehavior: null }],
  ['browsingContext.navigate', { context: 'c', url: 'https://example.com', wait: 'complete' }],
  ['goog:cdp.sendCommand', { method: 'Page.reload', params: {}, session: 's' }],
  ['input.setFiles', { context: 'c', element: { sharedId: 'e' }, files: ['/run/r1/upload/a'] }],
  ['network.continueRequest', { request: 'r' }],
  ['session.unsubscribe', { events: ['log.entryAdded'], contexts: ['c'] }],
])('%s %j passes as it is', ([method, params]) => {
  expect(judged(method, params)).toEqual({ pass: params });
});

test("downloads go to the runtime's directory, wherever the client wants them", () => {
  for (const destinationFolder of ['/etc', '/run/r1/elsewhere', undefined]) {
    const downloadBehavior = { type: 'allowed', destinationFolder };
    const asked = { downloadBehavior, userContexts: ['default'] };
    expect(judged('browser.setDownloadBehavior', asked)).toEqual({
      pass: {
        downloadBehavior: { type: 'allowed', destinationFolder: '/run/r1/downloads' },
        userContexts: ['default'],
      },
    });
  }
});

const inspect = inspectBidi({ files: FILES, isHumanized: false, end: () => undefined });
function answerTo(json: string): unknown {
  const payload = Buffer.from(json);
  const inspected = inspect({ opcode: 1, raw: payload, payload });
  return 'answer' in inspected ? JSON.parse(inspected.answer.toString()) : undefined;
}

test('an answer names its command and its channel', () => {
  expect(answerTo('{"id":7,"method":"foo.bar","params":{},"goog:channel":"c"}')).toEqual({
    id: 7,
    type: 'error',
    error: 'unsupported operation',
    message: 'foo.bar is not allowed.',
    'goog:channel': 'c',
  });
  expect(answerTo('{"id":8,"method":5}')).toMatchObject({ id: 8, error: 'invalid argument' });
  expect(answerTo('nonsense')).toMatchObject({ id: null, error: 'invalid argument' });
});
