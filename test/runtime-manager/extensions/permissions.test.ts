import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutUnknownKeys } from '../../../src/runtime-manager/extensions/manifest-keys.ts';
import { problemOfPermission } from '../../../src/runtime-manager/extensions/permissions.ts';

test.for([
  ['debugger', 'controls the browser past the checks'],
  ['nativeMessaging', 'starts programs of the machine'],
  ['proxy', 'around the runtime'],
  ['privacy', 'around the runtime'],
  ['dns', 'around the runtime'],
  ['management', 'other extensions'],
  ['downloads.open', 'with programs of the machine'],
  ['desktopCapture', 'the screen of the machine'],
  ['power', 'the machine'],
  ['processes', 'ends processes of the browser'],
  ['system.cpu', 'the machine'],
  ['system.memory', 'the machine'],
  ['system.network', 'the machine'],
  ['system.storage', 'the machine'],
  ['mdns', 'around the machine'],
  ['printing', 'printing'],
  ['printingMetrics', 'printing'],
  ['printerProvider', 'printing'],
  ['webAuthenticationProxy', 'security keys'],
  ['developerPrivate', 'ChromeOS or to Chromium itself'],
  ['glicPrivate.invoke', 'ChromeOS or to Chromium itself'],
  ['enterprise.platformKeys', 'ChromeOS or to Chromium itself'],
  ['fileSystemProvider', 'ChromeOS or to Chromium itself'],
  ['fileSystem', 'ChromeOS or to Chromium itself'],
  ['vpnProvider', 'ChromeOS or to Chromium itself'],
  ['loginState', 'ChromeOS or to Chromium itself'],
  ['wallpaper', 'ChromeOS or to Chromium itself'],
  ['usb', 'ChromeOS or to Chromium itself'],
])('the permission %s is refused with its reason', ([name = '', reason]) =>
  expect(problemOfPermission(name)).toContain(reason),
);

test('the permissions that extensions of the Chrome Web Store have are given', () => {
  const asked = [
    'activeTab alarms bookmarks clipboardRead clipboardWrite contextMenus cookies downloads',
    'declarativeNetRequest declarativeNetRequestWithHostAccess favicon history identity idle',
    'notifications offscreen scripting sidePanel storage tabs tabGroups topSites tts',
    'unlimitedStorage userScripts webNavigation webRequest webRequestBlocking <all_urls>',
    'https://*.example.com/* file:///* chrome://favicon/',
  ];
  const names = asked.flatMap((line) => line.split(' '));
  expect(names.filter((name) => problemOfPermission(name) !== undefined)).toEqual([]);
});

test('a permission that nobody knows yet is refused', () => {
  expect(problemOfPermission('debugger.v2')).toBe('it is not known here');
  expect(problemOfPermission('Storage')).toBe('it is not known here');
  const name = fc.stringMatching(/^x[a-z]{3,12}\.[a-z]{7,12}$/);
  fc.assert(
    fc.property(name, (made) => {
      expect(problemOfPermission(made)).toBe('it is not known here');
    }),
  );
});

test('Chromium sees no key of a manifest that is not known here', () => {
  const key = fc.stringMatching(/^[a-z]{3,12}_[a-z]{12,20}$/);
  fc.assert(
    fc.property(key, (made) => {
      const sorted = withoutUnknownKeys({ name: 'x', [made]: { any: 1 } });
      expect(sorted).toEqual({ kept: { name: 'x' }, leftOut: [made] });
    }),
  );
});
