import { signal } from '@preact/signals';
import type { Connection } from './connection.ts';
import { FILES_MAX } from './contract.ts';
import type { Notices } from './notices.ts';

const CHUNK_BYTES = 64 * 1024;

export interface UploadProgress {
  chooser: string;
  sentBytes: number;
  sizeBytes: number;
}

/** Sends the files that a person chose to the page that asked for them. */
export class Upload {
  /** Undefined: none is under way. */
  readonly progress = signal<UploadProgress | undefined>(undefined);
  readonly #connection: Connection;
  readonly #notices: Notices;
  #stop = new AbortController();

  constructor(connection: Connection, notices: Notices) {
    this.#connection = connection;
    this.#notices = notices;
  }

  /** Answers a file chooser; without files, nothing is chosen. */
  async send(chooser: string, files: File[]): Promise<void> {
    if (files.length > FILES_MAX) {
      this.#notices.add(`At most ${FILES_MAX} files can be chosen at once.`);
      return;
    }
    const named = files.map(({ name, size }) => ({ name, size }));
    this.#connection.send({ t: 'files', chooser, files: named });
    if (files.length === 0) return;
    this.#stop = new AbortController();
    const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
    this.progress.value = { chooser, sentBytes: 0, sizeBytes };
    const { signal: stopped } = this.#stop;
    try {
      for (const file of files) await this.#sendContent(file, stopped);
    } catch {
      if (stopped.aborted) return;
      this.#notices.add('The files could not be sent.');
      // The service waits for the rest, which is not going to come on this connection.
      if (this.#connection.isOpen) this.#connection.restart();
    } finally {
      this.progress.value = undefined;
    }
  }

  /** The page does not wait for files any more. */
  stop(chooser: string): void {
    if (this.progress.value?.chooser === chooser) this.#stop.abort();
  }

  async #sendContent(file: File, stopped: AbortSignal): Promise<void> {
    for (let from = 0; from < file.size; from += CHUNK_BYTES) {
      const bytes = await file.slice(from, from + CHUNK_BYTES).arrayBuffer();
      await this.#connection.sendBytes(bytes, stopped);
      const { value } = this.progress;
      if (value) this.progress.value = { ...value, sentBytes: value.sentBytes + bytes.byteLength };
    }
  }
}
