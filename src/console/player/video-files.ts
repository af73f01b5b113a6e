import { signal } from '@preact/signals';
import { canPlayRecordings } from './can-play.ts';
import type { ManifestPart } from './contract.ts';

const RETRY_AFTER_S = 2;
const RETRY_AFTER_MAX_S = 30;
const TRIES_MAX = 4;
const TRY_AGAIN_MS = 1000;
/** Codes of a MediaError: the file could be loaded, and not played. */
const DECODING = new Set([3, 4]);
/** Of an address that is good no more. */
const REFUSED = new Set([401, 403, 404, 410]);

/** Where the videos of parts come from, in a codec that this browser plays. */
export class VideoFiles {
  /** Whether a video is being converted for this browser. */
  readonly isConverting = signal(false);
  readonly #below: URL;
  readonly #renew: () => Promise<void>;
  /** Whether recordings are played as they are, apart from `#broken` ones. */
  #playsAv1 = canPlayRecordings();
  readonly #broken = new Set<string>();
  #hasPlayedAv1 = false;
  readonly #tries = new Map<string, number>();

  /** `below` is what addresses of parts are relative to; `renew` gets new ones. */
  constructor(below: URL, renew: () => Promise<void>) {
    this.#below = below;
    this.#renew = renew;
  }

  /** The address as the manifest has it, for saving the file. */
  addressOf({ url }: ManifestPart): string {
    return new URL(url, this.#below).href;
  }

  /** Resolves when there is a video to load. Rejects when there will be none, or `gone` aborts. */
  async find(part: ManifestPart, gone: AbortSignal): Promise<string> {
    if ((await this.#playsAv1) && !this.#broken.has(part.id)) return this.addressOf(part);
    const url = new URL(this.addressOf(part));
    url.searchParams.set('codec', 'h264');
    try {
      for (;;) {
        const { status, headers } = await probe(url, gone);
        if (status === 200 || status === 206) return url.href;
        if (status !== 202) throw new Error(`answered ${status}`);
        this.isConverting.value = true;
        const seconds = Number(headers.get('retry-after')) || RETRY_AFTER_S;
        await delay(Math.min(seconds, RETRY_AFTER_MAX_S) * 1000, gone);
      }
    } finally {
      this.isConverting.value = false;
    }
  }

  /** Finds out why a part could not be played. Resolves to whether to try again. */
  async isWorthRetrying(part: ManifestPart, code: number, gone: AbortSignal): Promise<boolean> {
    const tries = (this.#tries.get(part.id) ?? 0) + 1;
    this.#tries.set(part.id, tries);
    if (tries > TRIES_MAX) return false;
    const status = await probe(new URL(this.addressOf(part)), gone).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (gone.aborted) return false;
    if (status !== undefined && REFUSED.has(status)) await this.#renew();
    else if (status !== undefined && status < 300 && DECODING.has(code) && tries > 1) {
      // The file is there, so it is the browser that cannot play it.
      return this.#convert(part);
    } else await delay(TRY_AGAIN_MS * (tries - 1), gone);
    return true;
  }

  played({ id }: ManifestPart): void {
    this.#tries.delete(id);
    if (!this.#broken.has(id)) this.#hasPlayedAv1 = true;
  }

  /** Whether there is another codec to try. */
  #convert({ id }: ManifestPart): boolean {
    if (this.#broken.has(id)) return false;
    this.#broken.add(id);
    this.#tries.delete(id);
    if (!this.#hasPlayedAv1) this.#playsAv1 = Promise.resolve(false);
    return true;
  }
}

/** Asks for one byte. */
async function probe(url: URL, gone: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers: { range: 'bytes=0-0' }, signal: gone });
  await response.body?.cancel();
  return response;
}

/** Rejects if `gone` aborts. */
function delay(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('gone'));
    if (gone.aborted) stop();
    gone.addEventListener('abort', stop);
    setTimeout(resolve, ms);
  });
}
