import { expect, test } from 'vitest';
import { grant } from '../../../../src/runtime-manager/connections/webdriver/webdriver-capabilities.ts';
import { publishSession } from '../../../../src/runtime-manager/connections/webdriver/webdriver-session.ts';

const FACTS = { version: '156.0.8078.108', platformName: 'linux' };

function granted(alwaysMatch: object) {
  return grant({ capabilities: { alwaysMatch } }, FACTS);
}

function grantedOptions(options: object) {
  return granted({ 'goog:chromeOptions': options });
}

test('the capabilities that clients send by default are accepted', () => {
  for (const alwaysMatch of [
    {},
    // Selenium in JavaScript, Java, Python and C#, and webdriverio.
    { browserName: 'chrome', 'goog:chromeOptions': {} },
    { browserName: 'chrome', 'goog:chromeOptions': { args: [], extensions: [] } },
    { browserName: 'chrome', pageLoadStrategy: 'normal', browserVersion: null, platformName: null },
    { browserName: 'chrome', 'goog:chromeOptions': { args: [], prefs: {}, detach: false } },
    { browserName: 'chrome', webSocketUrl: true, unhandledPromptBehavior: 'ignore' },
    { browserName: 'chrome', platformName: 'ANY', browserVersion: 'stable', proxy: {} },
    {
      browserName: 'chromium',
      browserVersion: '156.0',
      platformName: 'Linux',
      'se:name': 'mine',
      'se:remoteUrl': 'http://x',
    },
  ]) {
    expect(() => granted(alwaysMatch), JSON.stringify(alwaysMatch)).not.toThrow();
  }
  expect(grant({ capabilities: {}, desiredCapabilities: { foo: 1 } }, FACTS)).toMatchObject({
    capabilities: {},
  });
});

test('arguments that change nothing are accepted in every form', () => {
  const args = [
    'headless',
    '--headless=new',
    '-no-sandbox',
    '--disable-dev-shm-usage',
    '--log-level=3',
  ];
  const features = '--disable-features=Translate,VizDisplayCompositor';
  expect(grantedOptions({ args: [...args, features, '--remote-debugging-port=0'] })).toMatchObject({
    window: {},
    chromeOptions: {},
  });
});

test('arguments about the window are carried out', () => {
  const args = ['--window-size=800x600', '--window-position=10, 20', 'start-maximized'];
  expect(grantedOptions({ args }).window).toEqual({
    size: { width: 800, height: 600 },
    position: { x: 10, y: 20 },
    state: 'maximize',
  });
});

test('arguments that would change something are refused by name', () => {
  for (const [arg, said] of Object.entries({
    '--user-agent=x': '--user-agent cannot be had, since the browser runs already: launch',
    'user-data-dir=/tmp/x': '--user-data-dir cannot be had',
    '--proxy-server=http://user:secret@proxy:1': '--proxy-server cannot be had',
    '--disable-features=Translate,IsolateOrigins': '--disable-features cannot be had',
    '--remote-debugging-port=9222': 'CDP is at se:cdp',
    '--ignore-certificate-errors': 'acceptInsecureCerts: true',
    '--window-size=0,0': '--window-size takes two numbers',
    '--made-up': '--made-up cannot be had',
    constructor: '--constructor cannot be had',
  })) {
    expect(() => grantedOptions({ args: [arg] }), arg).toThrow(said);
    expect(() => grantedOptions({ args: [arg] }), arg).not.toThrow('secret');
  }
});

test('options are passed on, or refused by name', () => {
  const passed = { perfLoggingPrefs: { enableNetwork: true }, windowTypes: ['webview'] };
  expect(grantedOptions({ ...passed, detach: true, w3c: true }).chromeOptions).toEqual(passed);
  const prefs = { download: { default_directory: '/x', prompt_for_download: false } };
  expect(() => grantedOptions({ prefs, excludeSwitches: ['enable-automation'] })).not.toThrow();
  for (const [name, value] of Object.entries({
    binary: '/usr/bin/chrome',
    debuggerAddress: '127.0.0.1:9222',
    extensions: ['Q3Iy'],
    excludeSwitches: ['enable-blink-features'],
    localState: { browser: 1 },
    mobileEmulation: { deviceName: 'Pixel 7' },
    prefs: { intl: { accept_languages: 'fr' } },
    useAutomationExtension: true,
    w3c: false,
  })) {
    const refused = expect.objectContaining({
      code: 'session not created',
      message: expect.stringContaining(`goog:chromeOptions.${name}`),
    });
    expect(() => grantedOptions({ [name]: value }), name).toThrow(refused);
  }
});

test('an unknown capability, or one of a wrong type, is an invalid argument error that names it', () => {
  for (const [name, value] of Object.entries({
    userAgent: 'x',
    acceptSslCerts: true,
    webSocketUrl: 'yes',
    browserName: 7,
    'goog:chromeOptions': { foo: 1 },
  })) {
    const invalid = expect.objectContaining({
      code: 'invalid argument',
      message: expect.stringContaining(name),
    });
    expect(() => granted({ [name]: value }), name).toThrow(invalid);
    expect(() => grant({ capabilities: { firstMatch: [{}, { [name]: value }] } }, FACTS)).toThrow(
      invalid,
    );
  }
  const twice = { alwaysMatch: { browserName: 'chrome' }, firstMatch: [{ browserName: 'chrome' }] };
  expect(() => grant({ capabilities: twice }, FACTS)).toThrow(/^browserName: It is in alwaysMatch/);
  for (const body of [undefined, [], {}, { desiredCapabilities: {} }]) {
    expect(() => grant(body, FACTS)).toThrow('The body is no request for a session');
  }
});

test('entries of firstMatch are tried in turn, and the error says why each was refused', () => {
  const firstMatch = [{ platformName: 'mac' }, { browserVersion: '12' }];
  const more = { firstMatch: [...firstMatch, { acceptInsecureCerts: true }, {}] };
  expect(grant({ capabilities: more }, FACTS).capabilities).toEqual({ acceptInsecureCerts: true });
  expect(() => grant({ capabilities: { firstMatch } }, FACTS)).toThrow(
    /^firstMatch\[0\]: platformName: .* linux, not mac\. firstMatch\[1\]: browserVersion: .* not 12\.$/,
  );
});

test('a session behind HTTPS returns its addresses with scheme and port', () => {
  const answer = { value: { sessionId: 's1', capabilities: { browserVersion: '156.0' } } };
  const base = 'https://browsers.example/v1/connect/ticket';
  const published = publishSession(Buffer.from(JSON.stringify(answer)), {
    base,
    platformName: 'linux',
    hasBidi: true,
  });
  expect(JSON.parse(published.toString()).value.capabilities).toMatchObject({
    'goog:chromeOptions': {
      debuggerAddress: 'browsers.example:443/v1/connect/ticket/session/s1/se/cdp',
    },
    'se:cdp': 'wss://browsers.example/v1/connect/ticket/session/s1/se/cdp',
    'se:cdpVersion': '156.0',
    webSocketUrl: 'wss://browsers.example/v1/connect/ticket/session/s1',
  });
});
