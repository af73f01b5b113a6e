import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type {
  BegunDownload,
  DownloadedFile,
  DownloadFailure,
  DownloadProgress as Progress,
  DownloadWatcher,
} from '../browser/download-watchers.ts';
import type { Run } from '../companion.ts';
import { toFileName } from '../browser/downloaded-files.ts';
import type { EventStore } from '../runtime/event-store.ts';
import type { NewEvent } from '../runtime/events.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { FILE_FAILURES, type FileFailure, type StoredFile } from './file.ts';
import type { FileMetrics } from './file-metrics.ts';
import type { FileStore } from './file-store.ts';
import type { BegunRecord, DownloadKeeper } from './download-keeper.ts';
import type { DownloadProgress } from './download-verbs.ts';
import { mediaTypeOf } from './media-type-of.ts';

const URL_MAX = 2048;
const CUT_OFF_MS = 2000;

const FAILURES: Readonly<Record<DownloadFailure, FileFailure>> = {
  canceled: 'download.canceled',
  browser_ended: 'download.cut_off',
  unreadable: 'storage.failed',
  too_many: 'storage.failed',
};

export interface RunDownloadsOptions {
  nodeId: string;
  keeper: DownloadKeeper;
  store: Pick<FileStore, 'beginDownload'>;
  events: Pick<EventStore, 'appendEvents'>;
  metrics: FileMetrics;
  /** How many downloads are recorded. */
  mostDownloads: number;
}

interface Arriving extends BegunRecord, Progress {
  name: string;
}

/** Records the downloads of one run from their beginning on, and has them stored when they are complete. */
export class RunDownloads implements DownloadWatcher {
  readonly #options: RunDownloadsOptions;
  readonly #run: Run;
  /** By the browser's ids for them. */
  readonly #arriving = new Map<string, Arriving>();
  #count = 0;

  constructor(options: RunDownloadsOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  get progress(): DownloadProgress {
    return Object.fromEntries(
      [...this.#arriving.values()].map(({ id, receivedBytes, totalBytes }) => [
        id,
        { receivedBytes, ...(totalBytes !== undefined && { totalBytes }) },
      ]),
    );
  }

  began({ guid, url, suggestedName }: BegunDownload): void {
    const { mostDownloads, store, nodeId } = this.#options;
    this.#count++;
    // The limit is told once.
    if (this.#count === mostDownloads + 1) this.#tellLimit();
    if (this.#count > mostDownloads) return;
    const { id: runtimeId, organizationId } = this.#run.runtime;
    const [id, name, from] = [randomUUID(), toFileName(suggestedName), shownUrl(url)];
    const about = { id, organizationId, runtimeId, nodeId, path: name, url: from };
    const record = () => store.beginDownload({ ...about, contentType: mediaTypeOf(name) });
    const begun = record();
    begun.catch((err: unknown) => this.#run.log.error({ err }, 'a download is not recorded yet'));
    const progress = { receivedBytes: 0, totalBytes: undefined };
    this.#arriving.set(guid, { id, name, begun, record, ...progress });
    const data = { fileId: id, name, ...(from !== undefined && { url: from }) };
    this.#note({ type: 'download.started', data });
  }

  progressed(guid: string, { receivedBytes, totalBytes }: Progress): void {
    const arriving = this.#arriving.get(guid);
    if (arriving) Object.assign(arriving, { receivedBytes, totalBytes });
  }

  /** The file is opened at once, and stored in its turn. */
  async completed(guid: string, file: DownloadedFile): Promise<void> {
    const arriving = this.#take(guid);
    if (!arriving) return;
    try {
      void this.#keep(arriving, await file.open());
    } catch (error) {
      // It would be said to arrive for ever.
      void this.#fail(arriving, 'storage.failed');
      throw error;
    }
  }

  failed(guid: string, why: DownloadFailure): void {
    const arriving = this.#take(guid);
    if (arriving) void this.#fail(arriving, FAILURES[why]);
  }

  /** What has not arrived by now never will. */
  async cutOff(): Promise<void> {
    const left = [...this.#arriving.values()];
    this.#arriving.clear();
    const cut = Promise.all(left.map((arriving) => this.#fail(arriving, 'download.cut_off')));
    // The end of a runtime does not wait for a database that is away.
    await untilAborted(cut, AbortSignal.timeout(CUT_OFF_MS)).catch(() => undefined);
  }

  #take(guid: string): Arriving | undefined {
    const arriving = this.#arriving.get(guid);
    this.#arriving.delete(guid);
    return arriving;
  }

  async #keep(arriving: Arriving, content: FileHandle): Promise<void> {
    const { runtime } = this.#run;
    const kept = await this.#options.keeper.keep({ ...arriving, runtime, content });
    if (typeof kept === 'string') this.#tellFailure(arriving, kept);
    else this.#tellStored(kept, arriving.name);
  }

  async #fail(arriving: Arriving, failure: FileFailure): Promise<void> {
    this.#tellFailure(arriving, await this.#options.keeper.fail(arriving, failure));
  }

  #tellStored(
    { id: fileId, path, sizeBytes, sha256, namespaceId }: StoredFile,
    name: string,
  ): void {
    const { metrics } = this.#options;
    metrics.stored('download', sizeBytes);
    metrics.download('stored');
    const where = namespaceId === undefined ? {} : { namespaceId, path };
    this.#note({ type: 'download.finished', data: { fileId, name, sizeBytes, sha256, ...where } });
  }

  #tellFailure({ id: fileId, name }: Pick<Arriving, 'id' | 'name'>, code: FileFailure): void {
    this.#options.metrics.download(code);
    const data = { fileId, name, code, message: FILE_FAILURES[code] };
    this.#note({ type: 'download.failed', data });
  }

  #tellLimit(): void {
    const message = `Downloads after the first ${this.#options.mostDownloads} of a run are not stored.`;
    this.#note({ type: 'download.failed', data: { code: 'download.limit_reached', message } });
  }

  /** A download may be stored only after the end has begun, when the record takes no more events. */
  #note(event: NewEvent): void {
    const { runtime, signal, note, log } = this.#run;
    if (!signal.aborted) return note(event);
    this.#options.events.appendEvents(runtime, [event]).catch((err: unknown) => {
      log.error({ err }, 'what became of a download could not be recorded');
    });
  }
}

/** An address without what may be secret in it; of one that only its page knows, the scheme. */
function shownUrl(text = ''): string | undefined {
  const url = URL.parse(text);
  if (!url) return undefined;
  const isPublic = url.protocol === 'http:' || url.protocol === 'https:';
  return isPublic ? `${url.origin}${url.pathname}`.slice(0, URL_MAX) : url.protocol;
}
