import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../errors.ts';

const PACK = /^([a-z]{2,3}(?:-[A-Za-z0-9]+)*)\.pak$/;
/** Where Debian's packages of Chromium have their files. */
const DEBIAN = '/usr/lib/chromium';

/** The languages that a Chromium can speak: those it has a pack for. */
export class Locales {
  readonly #languages: Set<string>;

  private constructor(languages: Set<string>) {
    this.#languages = languages;
  }

  static async read(executablePath: string): Promise<Locales> {
    const beside = dirname(await realpath(executablePath));
    const names = await Promise.all(
      [beside, DEBIAN].map((path) => readdir(join(path, 'locales')).catch(() => [])),
    );
    const packs = names.flat().flatMap((name) => PACK.exec(name)?.[1] ?? []);
    return new Locales(new Set(packs.map(languageOf)));
  }

  /** Throws `profile.locale_unavailable` with the languages that there are. */
  assertHas(locale: string | undefined): void {
    if (locale === undefined || this.has(locale)) return;
    const languages = [...this.#languages].toSorted();
    throw new RuntimeError(
      'profile.locale_unavailable',
      `fingerprint.locale: Chromium has no language ${locale} on this machine, but ${languages.join(', ')}.`,
      { details: { locale, path: 'fingerprint.locale', languages } },
    );
  }

  /** A region may be served by the pack of another one of the same language. */
  has(locale: string): boolean {
    return this.#languages.has(languageOf(locale));
  }
}

function languageOf(locale: string): string {
  return (locale.split('-')[0] ?? '').toLowerCase();
}
