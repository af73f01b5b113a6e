import { RuntimeError } from '../errors.ts';

/** Languages that browsers can speak. */
export class Languages {
  readonly #languages: ReadonlySet<string>;

  /** `locales`: such as `en`, `en-GB` or `zh-Hant-TW`. */
  constructor(locales: Iterable<string>) {
    this.#languages = new Set([...locales].map(languageOf));
  }

  get list(): string[] {
    return [...this.#languages].toSorted();
  }

  /** Throws `profile.locale_unavailable` with the languages that there are. */
  assertHas(locale: string | undefined): void {
    if (locale === undefined || this.has(locale)) return;
    const languages = this.list;
    throw new RuntimeError(
      'profile.locale_unavailable',
      `fingerprint.locale: Chromium on this machine does not have the language ${locale}. It has ${languages.join(', ')}.`,
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
