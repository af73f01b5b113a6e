import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Addresses that show the machine rather than the web. Chromium reads its URLBlocklist policy from
 * this preference (https://chromeenterprise.google/policies/#URLBlocklist), so it holds whoever
 * navigates: a client of any protocol, a script, an extension.
 */
const BLOCKED = ['file://*', 'filesystem:*', 'chrome://*', 'chrome-untrusted://*', 'devtools://*'];

/**
 * Writes what a fresh browser is to know before its first start. `extensions` are the directories
 * of those that may be loaded into it: without this, Chromium would let them read files.
 */
export async function writePreferences(userDataDir: string, extensions: string[]): Promise<void> {
  const profile = join(userDataDir, 'Default');
  await mkdir(profile, { recursive: true });
  const settings = extensions.map((path) => [extensionIdOf(path), { newAllowFileAccess: false }]);
  const preferences = {
    policy: { url_blocklist: BLOCKED },
    extensions: { settings: Object.fromEntries(settings) },
  };
  await writeFile(join(profile, 'Preferences'), JSON.stringify(preferences));
}

/** Chromium names an unpacked extension by its path: 32 digits of a hash, written from a to p. */
function extensionIdOf(path: string): string {
  const digits = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return digits.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}
