import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { extensionIdOf, type ExtensionFacts } from './extension.ts';
import { withoutUnknownKeys } from './manifest-keys.ts';
import { Manifest, missingParts, problemsOf, resolveMessages, type Messages } from './manifest.ts';
import { openPackage } from './package-format.ts';
import { invalidPackage, type Problem } from './package-problems.ts';
import { unzipExtension } from './unzip.ts';

const MANIFEST = 'manifest.json';
const TEXT_MAX = 4 * 1024 ** 2;
const LocaleMessages = z.record(z.string(), z.looseObject({ message: z.string() }));

/**
 * Unpacks a package into a directory, ready to be loaded, and tells what it is. The written
 * manifest gets a key, so that Chromium's id of the extension is the same everywhere: the key of
 * the crx or of the manifest, or one made of the organization and the name. The written manifest
 * loses the keys that are not known here. Throws `extension.invalid_package` with all that is
 * wrong.
 */
export async function inspectPackage(
  file: string,
  directory: string,
  organizationId: string,
): Promise<ExtensionFacts> {
  const zip = `${directory}.zip`;
  try {
    const { format, publicKey } = await openPackage(file, zip);
    const { files, sizeBytes, contentHash } = await unzipExtension(zip, directory);
    const path = join(directory, MANIFEST);
    const raw = parseJson(await readFile(path, 'utf8'), MANIFEST);
    const parsed = Manifest.safeParse(raw);
    if (!parsed.success) throw invalidPackage(problemsOf(parsed.error));
    const manifest = parsed.data;
    const { messages, problems } = await readMessages(manifest, directory, files);
    const all = [...problems, ...missingParts(manifest, files, messages)];
    if (all.length > 0) throw invalidPackage(all);
    const name = resolveMessages(manifest.name, messages);
    const key = publicKey?.toString('base64') ?? manifest.key ?? keyOf(organizationId, name);
    const { kept, leftOut } = withoutUnknownKeys({ ...manifest, key });
    await writeFile(path, JSON.stringify(kept));
    return {
      name,
      version: manifest.version,
      manifestVersion: manifest.manifest_version,
      format,
      contentHash,
      sizeBytes,
      permissions: [...(manifest.permissions ?? []), ...(manifest.host_permissions ?? [])],
      runtimeExtensionId: extensionIdOf(Buffer.from(key, 'base64')),
      warnings: leftOut.map((unknown) => ({
        kind: 'manifest',
        message: `The key "${unknown}" is not known here, and is left out.`,
      })),
    };
  } finally {
    await rm(zip, { force: true });
  }
}

/** Not a real key: Chromium only derives the id from it, and nothing is ever signed with it. */
function keyOf(organizationId: string, name: string): string {
  return createHash('sha256').update(`${organizationId}\n${name}`).digest('base64');
}

async function readMessages(
  { default_locale: locale }: Manifest,
  directory: string,
  files: ReadonlySet<string>,
): Promise<{ messages: Messages; problems: Problem[] }> {
  const hasLocales = [...files].some((file) => file.startsWith('_locales/'));
  const field = `${MANIFEST}#default_locale`;
  if (locale === undefined) {
    const message = 'It is missing, though the package has a directory _locales';
    return { messages: new Map(), problems: hasLocales ? [{ path: field, message }] : [] };
  }
  const file = `_locales/${locale}/messages.json`;
  if (!files.has(file)) {
    const message = `The file "${file}" is not in the package`;
    return { messages: new Map(), problems: [{ path: field, message }] };
  }
  const parsed = LocaleMessages.safeParse(
    parseJson(await readFile(join(directory, file), 'utf8'), file),
  );
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: `${file}#${path.join('.')}`,
      message,
    }));
    return { messages: new Map(), problems };
  }
  const texts = Object.entries(parsed.data);
  return {
    messages: new Map(texts.map(([name, { message }]) => [name.toLowerCase(), message])),
    problems: [],
  };
}

/** Parses JSON with the comments that Chromium allows. */
function parseJson(text: string, path: string): unknown {
  if (text.length > TEXT_MAX) throw invalidPackage([{ path, message: 'It is too long' }]);
  const plain = text
    .replace(/^\uFEFF/, '')
    .replaceAll(JSON_COMMENT, (_, string?: string) => string ?? '');
  try {
    return JSON.parse(plain);
  } catch (cause) {
    const message = `It is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw invalidPackage([{ path, message }], cause);
  }
}

/**
 * A comment without an end reaches to the end of the text, so that its end is not looked for again
 * and again.
 */
const JSON_COMMENT = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*(?:[\s\S]*?\*\/|[\s\S]*$)/g;
