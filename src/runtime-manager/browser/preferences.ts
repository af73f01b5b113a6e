import { constants } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { extensionIdOf } from '../extensions/extension.ts';
import { assertDirectory } from '../storage/plain-files.ts';

/**
 * Addresses that show the machine rather than the web. Chromium reads its URLBlocklist policy from
 * this preference (https://chromeenterprise.google/policies/#URLBlocklist), so it holds whoever
 * navigates: a client of any protocol, a script, an extension.
 */
const BLOCKED = ['file://*', 'filesystem:*', 'chrome://*', 'chrome-untrusted://*', 'devtools://*'];

/** "Continue where you left off": with it Chromium keeps session cookies when it ends. */
const RESTORE_LAST_SESSION = 1;

const NO_FILES = { newAllowFileAccess: false };

const OURS = new Set(['download', 'extensions', 'policy', 'savefile', 'selectfile']);

const Preferences = z.record(z.string(), z.unknown());

export interface PreferenceOptions {
  /**
   * The paths that extensions may be loaded from. An unpacked extension's id follows from its path;
   * by that id Chromium looks up whether the extension may read files. Without an entry, it may.
   */
  extensionPaths: string[];
  /** The folder, as the browser sees it, of downloads for which no client names one. */
  downloadsPath: string;
  locale: string | undefined;
  /**
   * Whether no customer gets the browser: Chromium's own pages may then be opened, and tell what
   * extensions did.
   */
  isTrial: boolean;
}

/** Opening follows no link, and does not wait for what is not a file. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Writes what a browser has to know before its launch, beside what its profile already knows.
 * Throws when the profile's directory is a link.
 */
export async function writePreferences(
  userDataDir: string,
  { extensionPaths, downloadsPath, locale, isTrial }: PreferenceOptions,
): Promise<void> {
  const profile = join(userDataDir, 'Default');
  await mkdir(profile, { recursive: true });
  await assertDirectory(profile);
  const file = join(profile, 'Preferences');
  const known = withoutOurs(await readPreferences(file));
  const settings = extensionPaths.map((path) => [extensionIdOf(path), NO_FILES]);
  const ours = {
    ...(!isTrial && { policy: { url_blocklist: BLOCKED } }),
    extensions: {
      settings: Object.fromEntries(settings),
      ...(isTrial && { ui: { developer_mode: true } }),
    },
    download: { default_directory: downloadsPath },
    savefile: { default_directory: downloadsPath },
    session: { restore_on_startup: RESTORE_LAST_SESSION },
    ...(locale !== undefined && { intl: languagesOf(locale) }),
  };
  await replaceFile(file, JSON.stringify(merge(known, ours)));
}

/** Puts a new file in the place of the old one, and so writes nothing to where the name leads. */
async function replaceFile(file: string, text: string): Promise<void> {
  const written = `${file}.new`;
  await rm(written, { recursive: true, force: true });
  await writeFile(written, text, { flag: 'wx', mode: 0o600 });
  await rename(written, file);
}

/**
 * The profile's own values of these cannot be trusted: they may name any directory of the machine,
 * or lift the policy.
 */
function withoutOurs(known: z.infer<typeof Preferences>): z.infer<typeof Preferences> {
  const kept = Object.entries(known).filter(([name]) => !OURS.has(name));
  return Object.fromEntries(kept);
}

async function readPreferences(file: string): Promise<z.infer<typeof Preferences>> {
  try {
    return Preferences.parse(JSON.parse(await readFile(file, { encoding: 'utf8', flag: PLAIN })));
  } catch {
    // There are no preferences, or a crash spoilt them: Chromium begins anew then, too.
    return {};
  }
}

/**
 * The languages of a locale: first with its region, then without, as a browser of that language has
 * them.
 */
function languagesOf(locale: string): object {
  const languages = [...new Set([locale, locale.split('-')[0]])].join(',');
  return { accept_languages: languages, selected_languages: languages };
}

function merge(known: z.infer<typeof Preferences>, ours: object): object {
  const merged: Record<string, unknown> = { ...known };
  for (const [name, value] of Object.entries(ours)) {
    const before = Preferences.safeParse(known[name]).data;
    const inner = Preferences.safeParse(value).data;
    merged[name] = before && inner ? merge(before, inner) : value;
  }
  return merged;
}
