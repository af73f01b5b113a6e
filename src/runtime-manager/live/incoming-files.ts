import { PassThrough } from 'node:stream';
import type { Uploads } from '../browser/uploads.ts';

export interface IncomingLimits {
  fileBytes: number;
  /** All files that one runtime is given. */
  totalBytes: number;
}

interface AnnouncedFile {
  name: string;
  size: number;
}

/** A file whose content is on its way. */
interface Arriving {
  stream: PassThrough;
  missing: number;
}

/** The contents of files that one viewer sends, each after the other. */
export class IncomingFiles implements Disposable {
  readonly #uploads: Pick<Uploads, 'add'>;
  readonly #limits: IncomingLimits;
  readonly #over = new AbortController();
  #arriving: Arriving[] = [];
  #totalBytes = 0;

  constructor(uploads: Pick<Uploads, 'add'>, limits: IncomingLimits) {
    this.#uploads = uploads;
    this.#limits = limits;
  }

  /** Resolves with the paths that the browser knows the files by. Throws a sentence for the viewer. */
  async receive(files: readonly AnnouncedFile[]): Promise<string[]> {
    const { fileBytes, totalBytes } = this.#limits;
    if (this.#arriving.length > 0) throw new Error('Other files are on their way still.');
    const sum = files.reduce((bytes, { size }) => bytes + size, 0);
    if (files.some(({ size }) => size > fileBytes)) {
      throw new Error(`A file may have ${fileBytes} bytes at most.`);
    }
    if (this.#totalBytes + sum > totalBytes) {
      throw new Error(`All files of a runtime may have ${totalBytes} bytes together.`);
    }
    this.#totalBytes += sum;
    const arriving = files.map(({ size }) => ({ stream: new PassThrough(), missing: size }));
    this.#arriving = [...arriving];
    this.#endComplete();
    const signal = this.#over.signal;
    return Promise.all(
      arriving.map(({ stream }, nth) => {
        const name = files[nth]?.name ?? '';
        return this.#uploads.add({ name, open: async () => stream }, signal);
      }),
    );
  }

  /** Takes what has arrived; resolves when there is room for more. Throws when nothing was to arrive. */
  async take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const [file] = this.#arriving;
      if (!file) throw new Error('No file was announced.');
      const part = rest.subarray(0, file.missing);
      rest = rest.subarray(part.length);
      file.missing -= part.length;
      if (!file.stream.write(part)) await this.#drained(file.stream);
      this.#endComplete();
    }
  }

  /** What has not arrived by now never will. */
  [Symbol.dispose](): void {
    this.#over.abort(new Error('The viewer left.'));
    for (const { stream } of this.#arriving) stream.destroy();
  }

  #endComplete(): void {
    while (this.#arriving[0]?.missing === 0) this.#arriving.shift()?.stream.end();
  }

  async #drained(stream: PassThrough): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once('drain', resolve);
    stream.once('close', resolve);
    await promise;
    stream.off('drain', resolve);
    stream.off('close', resolve);
  }
}
