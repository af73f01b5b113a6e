import { signal } from '@preact/signals';
import type { Told } from './contract.ts';

const FORGET_MS = 60_000;

export interface Download extends Omit<Told<'download'>, 't'> {
  state: 'offered' | 'loading' | 'saved' | 'failed';
  receivedBytes: number;
}

/** Files that the browser downloaded, which a person may save. */
export class Downloads {
  readonly list = signal<Download[]>([]);
  readonly #urlOf: (file: string) => URL;
  readonly #token: string;

  constructor(urlOf: (file: string) => URL, token: string) {
    this.#urlOf = urlOf;
    this.#token = token;
  }

  add({ file, name, sizeBytes }: Told<'download'>): void {
    const added: Download = { file, name, sizeBytes, state: 'offered', receivedBytes: 0 };
    this.list.value = [...this.list.value.filter((one) => one.file !== file), added];
  }

  remove(file: string): void {
    this.list.value = this.list.value.filter((one) => one.file !== file);
  }

  async save(file: string, name: string): Promise<void> {
    this.#change(file, { state: 'loading', receivedBytes: 0 });
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      const answer = await fetch(this.#urlOf(file), { headers });
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let receivedBytes = 0;
      for (const reader = answer.body.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
        receivedBytes += value.byteLength;
        this.#change(file, { receivedBytes });
      }
      saveAs(new Blob(chunks), name);
      this.#change(file, { state: 'saved' });
    } catch {
      this.#change(file, { state: 'failed' });
    }
  }

  #change(file: string, change: Partial<Download>): void {
    this.list.value = this.list.value.map((one) =>
      one.file === file ? { ...one, ...change } : one,
    );
  }
}

function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FORGET_MS);
}
