import type { Browser } from '../browser/browser.ts';
import { RuntimeError } from '../errors.ts';
import type { Extension, LoadedExtension } from '../extensions/extension.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { ExtensionCache } from './extension-cache.ts';

/** An extension that lies unpacked where the browser sees it. */
interface UnpackedExtension {
  extension: Extension;
  path: string;
}

/**
 * Unpacks extensions that are not here yet. What the browser gets is removed with it. Throws
 * `extension.load_failed`.
 */
export async function unpackExtensions(
  cache: ExtensionCache,
  extensions: readonly Extension[],
  browser: Browser,
): Promise<UnpackedExtension[]> {
  return Promise.all(
    extensions.map(async (extension, nth) => ({
      extension,
      path: await inSpan('extension.unpack', { 'bctrl.extension.id': extension.id }, () =>
        cache.place(extension, browser.directory, nth),
      ),
    })),
  );
}

/** Loads extensions into a browser, in their order. Throws `extension.load_failed`. */
export async function loadExtensions(
  browser: Browser,
  unpacked: readonly UnpackedExtension[],
  signal: AbortSignal,
): Promise<LoadedExtension[]> {
  const loaded: LoadedExtension[] = [];
  for (const { extension, path } of unpacked) {
    const { id, name, version, runtimeExtensionId } = extension;
    const load = () => browser.loadExtension(path, signal);
    const found = await inSpan('extension.load', { 'bctrl.extension.id': id }, load).catch(
      (cause: unknown) => {
        signal.throwIfAborted();
        throw loadFailed(extension, cause instanceof Error ? cause.message : '', cause);
      },
    );
    if (found !== runtimeExtensionId) throw loadFailed(extension, `its id became ${found}`);
    loaded.push({ id, name, version, runtimeExtensionId });
  }
  return loaded;
}

function loadFailed({ id, name }: Extension, said: string, cause?: unknown): RuntimeError {
  return new RuntimeError('extension.load_failed', `"${name}" could not be loaded: ${said}`, {
    details: { extensionId: id },
    cause,
  });
}
