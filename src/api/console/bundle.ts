import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build, stop, type BuildOptions, type OutputFile } from 'esbuild';

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
  assets: ReadonlyMap<string, Asset>;
}

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };
const HASH_LENGTH = 16;

let building = 0;

/** The process that builds would stay, and take 25 MB, until the service ends. */
async function buildInMemory(options: BuildOptions): Promise<OutputFile[]> {
  building += 1;
  try {
    const { outputFiles } = await build({ ...options, write: false });
    return outputFiles;
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
    const outputFiles = await buildInMemory({
      entryPoints: [this.#entry],
      bundle: true,
      outdir: 'page',
      minify: true,
      format: 'esm',
      target: ['es2022', 'chrome111', 'firefox121', 'safari16.4'],
      legalComments: 'none',
      logLevel: 'silent',
      // The source alone decides, wherever it lies.
      tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact' } },
    });
    const [script, style] = await Promise.all([
      this.#asset(outputFiles, 'js'),
      this.#asset(outputFiles, 'css'),
    ]);
    return { script: script.name, style: style.name, assets: new Map([script.entry, style.entry]) };
  }

  async #asset(files: OutputFile[], extension: keyof typeof TYPES) {
    const file = files.find(({ path }) => path.endsWith(`.${extension}`));
    const content = new Uint8Array(file?.contents ?? []);
    const hash = createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
    const name = `${this.#name}.${hash}.${extension}`;
    const gzipped = new Uint8Array(await compress(content));
    const asset: Asset = { content, gzipped, type: TYPES[extension] };
    return { name, entry: [name, asset] as const };
  }
}
