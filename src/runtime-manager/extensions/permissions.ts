/**
 * The permissions that an extension may ask for, of all that Chromium 156 gives an extension on
 * Linux: those that stay within pages, the browser's own interface and what the extension keeps.
 * Chromium ignores `webRequestBlocking`, but many manifests still have it.
 */
const GIVEN = new Set([
  'accessibilityFeatures.modify',
  'accessibilityFeatures.read',
  'activeTab',
  'alarms',
  'background',
  'bookmarks',
  'browsingData',
  'clipboardRead',
  'clipboardWrite',
  'contentSettings',
  'contextMenus',
  'cookies',
  'declarativeContent',
  'declarativeNetRequest',
  'declarativeNetRequestFeedback',
  'declarativeNetRequestWithHostAccess',
  'downloads',
  'downloads.shelf',
  'downloads.ui',
  'favicon',
  'fontSettings',
  'gcm',
  'geolocation',
  'history',
  'identity',
  'identity.email',
  'idle',
  'notifications',
  'offscreen',
  'pageCapture',
  'publicSuffix',
  'readingList',
  'scripting',
  'search',
  'sessions',
  'sidePanel',
  'storage',
  'system.display',
  'tabCapture',
  'tabGroups',
  'tabs',
  'topSites',
  'tts',
  'ttsEngine',
  'unlimitedStorage',
  'userScripts',
  'webNavigation',
  'webRequest',
  'webRequestAuthProvider',
  'webRequestBlocking',
]);

const MACHINE = 'it tells of the machine, or changes it';
const PRINTING = 'it takes part in the printing of the machine';
const NETWORK = "it could lead traffic around the runtime's proxy";

/** Why some permissions are not given. A permission in neither list is not given either. */
const REASONS = new Map([
  ['debugger', 'it controls the browser past the checks of the service'],
  ['desktopCapture', 'it shows the screen of the machine'],
  ['dns', NETWORK],
  ['downloads.open', 'it opens files with programs of the machine'],
  ['management', 'it rules over other extensions'],
  ['mdns', 'it finds devices around the machine'],
  ['nativeMessaging', 'it starts programs of the machine'],
  ['power', MACHINE],
  ['printerProvider', PRINTING],
  ['printing', PRINTING],
  ['printingMetrics', PRINTING],
  ['privacy', NETWORK],
  ['processes', 'it watches and ends processes of the browser'],
  ['proxy', NETWORK],
  ['system.cpu', MACHINE],
  ['system.memory', MACHINE],
  ['system.network', MACHINE],
  ['system.storage', MACHINE],
  ['webAuthenticationProxy', 'it answers for the security keys of every page'],
]);
/**
 * Permissions of ChromeOS, of Chromium's own extensions, of those that a policy installs, and of
 * apps.
 */
const RESERVED =
  /Private(?:\.|$)|^(?:enterprise\.|app\.|login)|^(?:certificateProvider|documentScan|fileBrowserHandler|fileSystem|fileSystemProvider|hid|platformKeys|serial|socket|systemLog|usb|vpnProvider|wallpaper)$/;

/** Why a permission is not given; undefined when it is. */
export function problemOfPermission(name: string): string | undefined {
  if (GIVEN.has(name) || isMatchPattern(name)) return undefined;
  const reserved = RESERVED.test(name) ? 'it belongs to ChromeOS or to Chromium itself' : undefined;
  return REASONS.get(name) ?? reserved ?? 'it is not known here';
}

/** Manifest V2 had match patterns among the permissions; in V3 Chromium passes over them. */
function isMatchPattern(name: string): boolean {
  return name === '<all_urls>' || name.includes('://');
}
