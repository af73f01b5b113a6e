import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { RuntimeError } from '../errors.ts';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { every } from '../timing/every.ts';
import { ConversionError } from './convert/video-converter.ts';
import type { ClaimedVariant, StoredVideo, VariantFailure } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

const INTERVAL_MS = 2000;
/** When another process takes what one that was killed was making. */
const CLAIM_MS = 60_000;
const HOLD_MS = 15_000;
/** Until what failed is tried again. */
const RETRY_MS = 10_000;
const ATTEMPTS = 3;
/** Not the video's fault: the machine is full, or on its way out. */
const PASSING = new Set(['runtime.no_capacity', 'service.shutting_down']);

export interface ConverterOptions {
  /** Where videos are converted: a folder of the converter's own, which is emptied. */
  directory: string;
  store: Pick<
    RecordingStore,
    'claimVariant' | 'holdVariant' | 'releaseVariant' | 'finishVariant' | 'failVariant'
  >;
  storage: Pick<ObjectStorage, 'get' | 'put' | 'delete'>;
  /** Throws as `VideoConverter.convertToH264`. */
  convert: (input: string, output: string, givenUp: AbortSignal) => Promise<unknown>;
  log: Logger;
}

/**
 * Makes H.264 of the parts for which that was asked, one at a time. All processes with a node share
 * the work; a claim in the database keeps two from doing the same. A look costs what there is to do.
 */
export class Converter implements AsyncDisposable {
  readonly #options: ConverterOptions;
  readonly #timer: Disposable & { soon: () => void };
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Removes what an earlier process was converting. */
  static async open(options: ConverterOptions): Promise<Converter> {
    await rm(options.directory, { recursive: true, force: true });
    return new Converter(options);
  }

  private constructor(options: ConverterOptions) {
    this.#options = options;
    this.#timer = every(
      INTERVAL_MS,
      () => this.#run(),
      (err) => {
        if (this.#closing.signal.aborted) return;
        options.log.warn({ err }, 'recordings are not converted for now');
      },
    );
  }

  /** There is something to be converted. */
  soon(): void {
    this.#timer.soon();
  }

  /** Gives up what is being converted, and leaves it to others. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#closing.abort(new RuntimeError('service.shutting_down', 'The service is shutting down.'));
    await this.#running.catch(() => undefined);
  }

  #run(): Promise<void> {
    this.#running = this.#convertAll();
    return this.#running;
  }

  async #convertAll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && (await this.#convertOne()));
  }

  /** Whether there was one, and there may be more. */
  async #convertOne(): Promise<boolean> {
    const { store } = this.#options;
    const claimed = await store.claimVariant(CLAIM_MS);
    if (!claimed) return false;
    const { part, attempts } = claimed;
    // Nobody was left to say why.
    if (attempts > ATTEMPTS) {
      await store.failVariant(part.id, 'failed');
      return true;
    }
    try {
      await this.#convert(claimed);
      return true;
    } catch (error) {
      return this.#failed(claimed, error);
    }
  }

  async #convert({ recordingId, part }: ClaimedVariant): Promise<void> {
    const { directory, store, storage, log } = this.#options;
    using _held = every(
      HOLD_MS,
      () => store.holdVariant(part.id, CLAIM_MS),
      (err) => log.warn({ err }, 'the claim of a conversion is not renewed for now'),
    );
    const folder = join(directory, part.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const video = await this.#make(folder, recordingId, part.key);
      // What a crash leaves here is an orphan for the sweep.
      if (!(await store.finishVariant(part.id, video))) await storage.delete(video.key);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #make(folder: string, recordingId: string, from: string): Promise<StoredVideo> {
    const { storage, convert } = this.#options;
    const { signal } = this.#closing;
    const [input, output] = [join(folder, 'av1.mp4'), join(folder, 'h264.mp4')];
    await pipeline(await storage.get(from), createWriteStream(input), { signal });
    await convert(input, output, signal);
    const key = `${OBJECT_FOLDERS.recordings}${recordingId}/${randomUUID()}.mp4`;
    const { size: sizeBytes } = await stat(output);
    await storage.put(key, createReadStream(output));
    return { key, sizeBytes };
  }

  /** Whether to go on with others. */
  async #failed({ part, attempts, recordingId }: ClaimedVariant, error: unknown): Promise<boolean> {
    const { store, log } = this.#options;
    if (this.#closing.signal.aborted || isPassing(error)) {
      await store.releaseVariant(part.id);
      return false;
    }
    log.error({ err: error, recordingId, partId: part.id }, 'a recording could not be converted');
    const failure = failureOf(error, attempts);
    if (failure) await store.failVariant(part.id, failure);
    else await store.holdVariant(part.id, RETRY_MS);
    return true;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof RuntimeError && PASSING.has(error.code);
}

/** Undefined: it is worth another try. */
function failureOf(error: unknown, attempts: number): VariantFailure | undefined {
  const reason = error instanceof ConversionError ? error.reason : 'failed';
  if (reason === 'unsupported') return 'unsupported';
  return reason === 'too_slow' || attempts >= ATTEMPTS ? 'failed' : undefined;
}
