import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Addresses that show the machine rather than the web. Chromium reads its URLBlocklist policy from
 * this preference (https://chromeenterprise.google/policies/#URLBlocklist), so it holds whoever
 * navigates: a client of any protocol, a script, an extension.
 */
const BLOCKED = ['file://*', 'filesystem:*', 'chrome://*', 'chrome-untrusted://*', 'devtools://*'];

/** Writes what a fresh browser is to know before its first start. */
export async function writePreferences(userDataDir: string): Promise<void> {
  const profile = join(userDataDir, 'Default');
  await mkdir(profile, { recursive: true });
  await writeFile(
    join(profile, 'Preferences'),
    JSON.stringify({ policy: { url_blocklist: BLOCKED } }),
  );
}
