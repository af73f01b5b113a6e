import { pagesOf } from '../api.ts';
import { Listed } from '../listed.ts';
import type { StoredFile, StoredFiles } from '../storage/contract.ts';
import { upload } from '../upload.ts';
import { Uploads } from '../uploads/uploads.ts';
import { isReplacing } from './questions.ts';

const STAYS = 'Not sent: the file of this name stays as it is.';

/** What lies in a folder: files, and other folders with all of their path. */
export type Entry = { id: string; file: StoredFile } | { id: string; folder: string };

/** A folder of a namespace, as it is now. */
export class FolderView {
  readonly namespace: string;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  /** The path of the namespace. */
  readonly path: string;
  readonly list: Listed<Entry>;
  readonly uploads: Uploads<StoredFile>;

  constructor(namespace: string, folders: string[]) {
    this.namespace = namespace;
    this.prefix = folders.map((folder) => `${folder}/`).join('');
    this.path = `/v1/storage/${encodeURIComponent(namespace)}`;
    const all = `${this.path}/files?folders=true&prefix=${encodeURIComponent(this.prefix)}`;
    this.list = Listed.open((signal) => pagesOf<StoredFiles>(all, { signal }), entriesOf);
    this.uploads = new Uploads(async (file, sending) => {
      const isKnown = this.#has(file.name);
      if (isKnown && !(await isReplacing(file.name))) throw new Error(STAYS);
      const path = encodeURIComponent(this.prefix + file.name);
      const query = `path=${path}&overwrite=${isKnown}`;
      const request = { method: 'PUT', path: `${this.path}/files?${query}`, body: file } as const;
      const stored = await upload<StoredFile>(request, sending);
      await this.list.load();
      return stored;
    });
  }

  close(): void {
    this.list.close();
    this.uploads.close();
  }

  #has(name: string): boolean {
    return this.list.rows.value.some((entry) => 'file' in entry && entry.file.name === name);
  }
}

/** Folders come first. */
function entriesOf({ files, folders = [] }: StoredFiles): Entry[] {
  return [
    ...folders.map((folder) => ({ id: folder, folder })),
    ...files.map((file) => ({ id: file.id, file })),
  ];
}
