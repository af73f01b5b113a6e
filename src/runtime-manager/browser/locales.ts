import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Languages } from '../runtime/languages.ts';

const PACK = /^([a-z]{2,3}(?:-[A-Za-z0-9]+)*)\.pak$/;
/** Where Debian's packages of Chromium have their files. */
const DEBIAN = '/usr/lib/chromium';

/** The languages that a Chromium can speak: those it has a pack for. */
export async function readLanguages(executablePath: string): Promise<Languages> {
  const beside = dirname(await realpath(executablePath));
  const names = await Promise.all(
    [beside, DEBIAN].map((path) => readdir(join(path, 'locales')).catch(() => [])),
  );
  return new Languages(names.flat().flatMap((name) => PACK.exec(name)?.[1] ?? []));
}
