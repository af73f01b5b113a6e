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

/** How much one runtime may be given, by whatever viewers. */
export class UploadRoom {
  readonly #limits: IncomingLimits;
  #takenBytes = 0;

  constructor(limits: IncomingLimits) {
    this.#limits = limits;
  }

  /** Throws a sentence for the viewer when there is no room for files of these sizes. */
  take(sizes: readonly number[]): void {
    const { fileBytes, totalBytes } = this.#limits;
    if (sizes.some((size) => size > fileBytes)) {
      throw new Error(`A file may have ${fileBytes} bytes at most.`);
    }
    const sum = sumOf(sizes);
    if (this.#takenBytes + sum > totalBytes) {
      throw new Error(`All files of a runtime may have ${totalBytes} bytes together.`);
    }
    this.#takenBytes += sum;
  }
}

/** Content that is on its way. */
interface Arriving {
  /** Undefined: nobody wants the content. */
  stream: PassThrough | undefined;
  missing: number;
}

/** The contents of files that one viewer sends, each after the other. */
export class IncomingFiles implements Disposable {
  readonly #uploads: Pick<Uploads, 'add'>;
  readonly #room: UploadRoom;
  readonly #over = new AbortController();
  #arriving: Arriving[] = [];

  constructor(uploads: Pick<Uploads, 'add'>, room: UploadRoom) {
    this.#uploads = uploads;
    this.#room = room;
  }

  /** Resolves with the paths that the browser knows the files by. Throws a sentence for the viewer. */
  async receive(files: readonly AnnouncedFile[]): Promise<string[]> {
    const sizes = files.map(({ size }) => size);
    try {
      if (this.#arriving.length > 0) throw new Error('Other files are on their way still.');
      this.#room.take(sizes);
    } catch (error) {
      this.#ignore(sumOf(sizes));
      throw error;
    }
    const arriving = sizes.map((size) => ({ stream: new PassThrough(), missing: size }));
    this.#arriving = [...arriving];
    this.#endComplete();
    return Promise.all(
      arriving.map(({ stream }, nth) => this.#store(stream, files[nth]?.name ?? '')),
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
      const { stream } = file;
      if (stream && !stream.destroyed && !stream.write(part)) await drained(stream);
      this.#endComplete();
    }
  }

  /** What has not arrived by now never will. */
  [Symbol.dispose](): void {
    this.#over.abort(new Error('The viewer left.'));
    for (const { stream } of this.#arriving) stream?.destroy();
  }

  async #store(stream: PassThrough, name: string): Promise<string> {
    try {
      return await this.#uploads.add({ name, open: async () => stream }, this.#over.signal);
    } finally {
      // The rest of a file that cannot be stored comes all the same.
      stream.destroy();
    }
  }

  /** What was announced and not wanted comes all the same. */
  #ignore(bytes: number): void {
    const last = this.#arriving.at(-1);
    if (last && !last.stream) last.missing += bytes;
    else if (bytes > 0) this.#arriving.push({ stream: undefined, missing: bytes });
  }

  #endComplete(): void {
    while (this.#arriving[0]?.missing === 0) this.#arriving.shift()?.stream?.end();
  }
}

async function drained(stream: PassThrough): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('drain', resolve);
  stream.once('close', resolve);
  await promise;
  stream.off('drain', resolve);
  stream.off('close', resolve);
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
