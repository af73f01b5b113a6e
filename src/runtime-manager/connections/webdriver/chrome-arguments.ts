import { z } from 'zod';

/**
 * Arguments that programs send out of habit, and that change nothing for them on a browser that runs
 * already: they concern a screen, a sandbox, a first start or Google's own services, or hold here
 * anyway. Their values do not matter.
 */
const WITHOUT_EFFECT = new Set([
  'disable-backgrounding-occluded-windows',
  'disable-background-networking',
  'disable-background-timer-throttling',
  'disable-breakpad',
  'disable-browser-side-navigation',
  'disable-client-side-phishing-detection',
  'disable-component-update',
  'disable-crash-reporter',
  'disable-default-apps',
  'disable-dev-shm-usage',
  'disable-domain-reliability',
  'disable-extensions',
  'disable-gpu',
  'disable-gpu-sandbox',
  'disable-infobars',
  'disable-logging',
  'disable-notifications',
  'disable-renderer-backgrounding',
  'disable-save-password-bubble',
  'disable-search-engine-choice-screen',
  'disable-session-crashed-bubble',
  'disable-setuid-sandbox',
  'disable-software-rasterizer',
  'disable-sync',
  'disable-translate',
  'enable-logging',
  'headless',
  'hide-crash-restore-bubble',
  'hide-scrollbars',
  'log-level',
  'metrics-recording-only',
  'mute-audio',
  'no-default-browser-check',
  'no-first-run',
  'no-sandbox',
  'no-service-autorun',
  'no-zygote',
  'password-store',
  'remote-allow-origins',
  'silent',
  'single-process',
  'test-type',
  'use-mock-keychain',
  'v',
  'verbose',
]);

/** Arguments that change nothing with these values; each value of a list has to be one of them. */
const WITHOUT_EFFECT_AS = new Map<string, string[]>(
  Object.entries({
    'disable-features': [
      'AutofillServerCommunication',
      'CertificateTransparencyComponentUpdater',
      'InterestFeedContentSuggestions',
      'MediaRouter',
      'OptimizationGuideModelDownloading',
      'OptimizationHints',
      'PasswordLeakDetection',
      'PrivacySandboxSettings4',
      'Translate',
      'TranslateUI',
      'VizDisplayCompositor',
    ],
    'enable-features': ['NetworkService', 'NetworkServiceInProcess', 'NetworkServiceInProcess2'],
    'force-device-scale-factor': ['1', '1.0'],
    // Chromium chooses the port.
    'remote-debugging-port': ['0'],
  }),
);

const PROFILE = 'launch the runtime with a profile whose fingerprint has it';
const CERTIFICATES = 'ask for acceptInsecureCerts: true';
const EXTENSIONS = 'upload the extension, and name it in extensionIds when the runtime is created';
const NETWORK = 'the proxy is set when the runtime is created, or by PUT …/proxy';
const DEBUGGING = 'CDP is at se:cdp of the session, and at cdpUrl of the runtime';

/** For arguments that are refused: what has the same effect here. */
const INSTEAD = new Map<string, string>(
  Object.entries({
    'allow-insecure-localhost': CERTIFICATES,
    guest: 'a runtime without a profile keeps nothing',
    'host-resolver-rules': NETWORK,
    'ignore-certificate-errors': CERTIFICATES,
    'ignore-ssl-errors': CERTIFICATES,
    incognito: 'a runtime without a profile keeps nothing',
    kiosk: 'use start-fullscreen',
    lang: PROFILE,
    'accept-lang': PROFILE,
    'load-extension': EXTENSIONS,
    'profile-directory': 'name a profile when the runtime is created',
    'proxy-bypass-list': NETWORK,
    'proxy-pac-url': NETWORK,
    'proxy-server': NETWORK,
    'no-proxy-server': NETWORK,
    'remote-debugging-address': DEBUGGING,
    'remote-debugging-pipe': DEBUGGING,
    'remote-debugging-port': DEBUGGING,
    'user-agent': PROFILE,
    'user-data-dir': 'name a profile when the runtime is created',
  }),
);

/** How the window of a session is to be before its first command. */
export interface WindowWish {
  size?: { width: number; height: number };
  position?: { x: number; y: number };
  state?: 'maximize' | 'fullscreen';
}

const Pair = z
  .string()
  .regex(/^-?\d{1,5} *[,x] *-?\d{1,5}$/)
  .transform((text) => text.split(/[,x]/).map(Number));

/**
 * Reads `args` of `goog:chromeOptions`: what they ask of the window, and for each argument that
 * cannot be had a sentence that says why.
 */
export function readArguments(args: string[]): { window: WindowWish; objections: string[] } {
  const window: WindowWish = {};
  const objections: string[] = [];
  for (const arg of args) {
    const [name = '', value] = splitOf(arg);
    const known = readWindow(name, value, window) ?? isWithoutEffect(name, value);
    if (!known) objections.push(objectionTo(name));
  }
  return { window, objections };
}

function splitOf(arg: string): string[] {
  const plain = arg.trim().replace(/^--?/, '');
  const end = plain.indexOf('=');
  return end === -1 ? [plain] : [plain.slice(0, end), plain.slice(end + 1)];
}

/** Undefined: the argument does not concern the window; false: its value cannot be read. */
function readWindow(
  name: string,
  value: string | undefined,
  window: WindowWish,
): boolean | undefined {
  switch (name) {
    case 'start-maximized':
      window.state = 'maximize';
      return true;
    case 'start-fullscreen':
      window.state = 'fullscreen';
      return true;
    case 'window-size': {
      const [width = 0, height = 0] = Pair.safeParse(value).data ?? [];
      window.size = { width, height };
      return width > 0 && height > 0;
    }
    case 'window-position': {
      const { data } = Pair.safeParse(value);
      const [x = 0, y = 0] = data ?? [];
      window.position = { x, y };
      return data !== undefined;
    }
    default:
      return undefined;
  }
}

function isWithoutEffect(name: string, value: string | undefined): boolean {
  if (WITHOUT_EFFECT.has(name)) return true;
  const values = WITHOUT_EFFECT_AS.get(name);
  return values !== undefined && (value ?? '').split(',').every((one) => values.includes(one));
}

function objectionTo(name: string): string {
  const argument = `goog:chromeOptions.args: --${name}`;
  if (name.startsWith('window-')) return `${argument} takes two numbers, such as 1280,720.`;
  const instead = INSTEAD.get(name) ?? 'leave it out, or launch the runtime in a way that gives it';
  return `${argument} cannot be had, since the browser runs already: ${instead}.`;
}
