import { createHash } from 'node:crypto';
import { extname, join, parse, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build, stop, type BuildOptions, type Metafile, type OutputFile } from 'esbuild';

const compress = promisify(gzip);

/** A file of a page, under a name that changes with its content. */
export interface Asset {
  content: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  gzipped: Uint8Array<ArrayBuffer>;
  type: string;
}

export interface Bundle {
  script: string;
  style: string;
  /** Parts that the script imports at once; those that it imports later are not among them. */
  parts: string[];
  assets: ReadonlyMap<string, Asset>;
}

const OUT = 'page';
const TYPES: Partial<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
const HASH_LENGTH = 16;

let building = 0;

/** The process that builds would stay, and take 25 MB, until the service ends. */
async function buildInMemory(options: BuildOptions) {
  building += 1;
  try {
    return await build({ ...options, write: false, metafile: true });
  } finally {
    building -= 1;
    if (building === 0) await stop();
  }
}

/** Bundles a page from its source, once; a bundle that failed is tried again. */
export class PageBundle {
  readonly #name: string;
  readonly #entry: string;
  #made: Promise<Bundle> | undefined;

  /** `entry` is the path of the page's TypeScript; its assets are called after `name`. */
  constructor(name: string, entry: string) {
    this.#name = name;
    this.#entry = entry;
  }

  /** Rejects with what is wrong with the source. */
  get(): Promise<Bundle> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }

  async #make(): Promise<Bundle> {
    const { outputFiles, metafile } = await buildInMemory({
      entryPoints: { [this.#name]: this.#entry },
      bundle: true,
      splitting: true,
      // Parts import each other by these names.
      chunkNames: `${this.#name}.[hash]`,
      outdir: OUT,
      minify: true,
      format: 'esm',
      target: ['es2022', 'chrome111', 'firefox121', 'safari16.4'],
      legalComments: 'none',
      logLevel: 'silent',
      // The source alone decides, wherever it lies.
      tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact' } },
    });
    const own = (extension: string) => join(OUT, this.#name + extension);
    const names = new Map(
      outputFiles.map((file) => [relative('.', file.path), this.#nameOf(file)]),
    );
    const nameOf = (path: string) => names.get(path) ?? '';
    return {
      script: nameOf(own('.js')),
      style: nameOf(own('.css')),
      parts: [...importedBy(own('.js'), metafile)].map(nameOf),
      assets: new Map(
        await Promise.all(
          outputFiles.map(async (file) => [this.#nameOf(file), await toAsset(file)] as const),
        ),
      ),
    };
  }

  /** The names of parts have their hash already. */
  #nameOf({ path, contents }: OutputFile): string {
    const { name, ext } = parse(path);
    if (name !== this.#name) return name + ext;
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, HASH_LENGTH);
    return `${name}.${hash}${ext}`;
  }
}

/** The outputs that one imports at once, and that these import. */
function importedBy(path: string, metafile: Metafile, found = new Set<string>()): Set<string> {
  for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? []) {
    if (kind !== 'import-statement' || found.has(imported)) continue;
    found.add(imported);
    importedBy(imported, metafile, found);
  }
  return found;
}

async function toAsset({ path, contents }: OutputFile): Promise<Asset> {
  const content = new Uint8Array(contents);
  const gzipped = new Uint8Array(await compress(content));
  return { content, gzipped, type: TYPES[extname(path)] ?? 'application/octet-stream' };
}
