import { z } from 'zod';
import { readArguments, type WindowWish } from './chrome-arguments.ts';

const Settings = z.record(z.string(), z.unknown());

/** Options that chromedriver takes, and reads itself, for a browser that it attaches to. */
const PASSED_ON = z.strictObject({
  devToolsEventsToLog: z.unknown().optional(),
  enableExtensionTargets: z.unknown().optional(),
  perfLoggingPrefs: z.unknown().optional(),
  windowTypes: z.unknown().optional(),
});

/** https://developer.chrome.com/docs/chromedriver/capabilities */
const ChromeOptions = PASSED_ON.extend({
  androidActivity: z.unknown().optional(),
  androidDeviceSerial: z.unknown().optional(),
  androidPackage: z.unknown().optional(),
  args: z.array(z.string()).default([]),
  binary: z.unknown().optional(),
  debuggerAddress: z.unknown().optional(),
  /** A session's end leaves the browser running in any case. */
  detach: z.boolean().optional(),
  excludeSwitches: z.array(z.string()).default([]),
  extensions: z.array(z.unknown()).default([]),
  localState: Settings.default({}),
  minidumpPath: z.unknown().optional(),
  mobileEmulation: z.unknown().optional(),
  prefs: Settings.default({}),
  useAutomationExtension: z.boolean().optional(),
  w3c: z.boolean().optional(),
});

/** Switches that chromedriver launches Chromium with, and that our Chromium runs without. */
const LEFT_OUT = new Set([
  'disable-popup-blocking',
  'enable-automation',
  'enable-logging',
  'ignore-certificate-errors',
  'load-extension',
  'test-type',
]);

/**
 * Settings that change nothing for a program here: downloads have one folder and ask nobody, and a
 * browser without a window shows no bubbles. `undefined` stands for any value.
 */
const SETTINGS_WITHOUT_EFFECT = new Map<string, unknown>(
  Object.entries({
    credentials_enable_service: false,
    'download.default_directory': undefined,
    'download.directory_upgrade': true,
    'download.prompt_for_download': false,
    'profile.default_content_setting_values.notifications': 2,
    'profile.password_manager_enabled': false,
    'profile.password_manager_leak_detection': false,
    'savefile.default_directory': undefined,
  }),
);

const RUNS = 'the browser runs already';
const EMULATE =
  'use Emulation.setDeviceMetricsOverride and Emulation.setUserAgentOverride by commands of CDP, or a profile with a viewport and a userAgent';

/** Why each of these options cannot be had, whatever its value. */
const REFUSED: Readonly<Record<string, string>> = {
  androidActivity: 'there is no Android here',
  androidDeviceSerial: 'there is no Android here',
  androidPackage: 'there is no Android here',
  binary: RUNS,
  debuggerAddress: 'a session drives the browser of its runtime',
  minidumpPath: RUNS,
  mobileEmulation: `${RUNS}, and chromedriver emulates only in one that it starts: ${EMULATE}`,
};

/** What `goog:chromeOptions` ask for, sorted by what becomes of it. */
export interface ReadOptions {
  /** The options for chromedriver. */
  passedOn: Record<string, unknown>;
  window: WindowWish;
  /** Sentences that say why something cannot be had. */
  objections: string[];
}

/** Throws a `ZodError` for an option that chromedriver does not have, or one of another type. */
export function readChromeOptions(value: unknown): ReadOptions {
  const options = ChromeOptions.parse(value);
  const { window, objections } = readArguments(options.args);
  const passedOn = PASSED_ON.strip().parse(options);
  const refused = Object.entries(REFUSED)
    .filter(([name]) => name in options)
    .map(([name, reason]) => objectionTo(name, reason));
  return { passedOn, window, objections: [...objections, ...refused, ...objectionsTo(options)] };
}

function objectionsTo(options: z.infer<typeof ChromeOptions>): string[] {
  const { excludeSwitches, extensions, localState, prefs } = options;
  const switches = excludeSwitches.filter((name) => !LEFT_OUT.has(name.replace(/^--/, '')));
  const settings = Object.entries(flatten(prefs)).filter(
    ([name, value]) => !isWithout(name, value),
  );
  return [
    ...switches.map((name) => objectionTo('excludeSwitches', `${RUNS}, with or without ${name}`)),
    ...settings.map(([name]) => objectionTo(`prefs: ${name}`, `${RUNS}, and read its settings`)),
    ...(Object.keys(localState).length > 0
      ? [objectionTo('localState', `${RUNS}, and read its settings`)]
      : []),
    ...(extensions.length > 0
      ? [objectionTo('extensions', 'upload them, and name them in extensionIds of the runtime')]
      : []),
    ...(options.useAutomationExtension ? [objectionTo('useAutomationExtension', RUNS)] : []),
    ...(options.w3c === false ? [objectionTo('w3c', 'there is no other protocol')] : []),
  ];
}

function isWithout(name: string, value: unknown): boolean {
  if (!SETTINGS_WITHOUT_EFFECT.has(name)) return false;
  const expected = SETTINGS_WITHOUT_EFFECT.get(name);
  return expected === undefined || value === expected;
}

/** chromedriver reads `{ "a": { "b": 1 } }` as it reads `{ "a.b": 1 }`. */
function flatten(settings: z.infer<typeof Settings>, prefix = ''): z.infer<typeof Settings> {
  const entries = Object.entries(settings).map(([key, value]) => {
    const name = prefix + key;
    const { data } = Settings.safeParse(value);
    return data ? flatten(data, `${name}.`) : { [name]: value };
  });
  return Object.assign({}, ...entries);
}

function objectionTo(name: string, reason: string): string {
  return `goog:chromeOptions.${name} cannot be had: ${reason}.`;
}
