import type { ManifestPart } from './contract.ts';
import type { VideoFiles } from './video-files.ts';

/** Of currentTime, from the clock. */
const DRIFT_MAX_S = 0.3;
/** Times of media are counted in units, and rounded to them. */
const SAME_S = 0.002;
/** Before the end, where the last picture is for certain. */
const BEFORE_END_S = 0.01;
/** Before the end, nothing more comes that could be waited for. */
const ALL_LOADED_S = 0.25;
/** Safari on phones loads no picture before the first seek. */
const FIRST_S = 0.005;
/** What a video has loaded: the picture of this moment, and what comes after it. */
const { HAVE_CURRENT_DATA: NOW, HAVE_FUTURE_DATA: MORE } = HTMLMediaElement;

export interface Pace {
  isPlaying: boolean;
  speed: number;
}

/** One video element, and the part of the recording that is in it. */
export class Slot {
  readonly element = document.createElement('video');
  #part: ManifestPart | undefined;
  #hasFailed = false;
  #loading = new AbortController();
  readonly #files: VideoFiles;
  readonly #onChange: () => void;

  /** `onChange` is called when something is there that was not before. */
  constructor(files: VideoFiles, onChange: () => void) {
    this.#files = files;
    this.#onChange = onChange;
    const { element } = this;
    element.muted = true;
    element.playsInline = true;
    element.preload = 'auto';
    element.disableRemotePlayback = true;
    for (const type of ['loadedmetadata', 'loadeddata', 'canplay', 'seeked', 'ended', 'waiting']) {
      element.addEventListener(type, onChange);
    }
    element.addEventListener('error', () => void this.#recover());
  }

  get part(): ManifestPart | undefined {
    return this.#part;
  }

  /** Whether there will be no picture. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  load(part: ManifestPart): void {
    this.#loading.abort();
    const { signal } = (this.#loading = new AbortController());
    this.#part = part;
    this.#hasFailed = false;
    this.element.pause();
    this.element.removeAttribute('src');
    this.element.load();
    void this.#open(part, signal);
  }

  /**
   * Brings the video to a time of its part, in s. Whether the picture of that time is there.
   * One that is not in `front` does not run.
   */
  keep(wantedS: number, pace: Pace, place: 'front' | 'back'): boolean {
    const { element } = this;
    if (element.readyState < HTMLMediaElement.HAVE_METADATA) return false;
    const untilEndS = this.#lastS - wantedS;
    const runs = place === 'front' && pace.isPlaying && untilEndS > 0 && !element.ended;
    if (!runs) element.pause();
    if (!this.#isAt(wantedS, pace.isPlaying ? DRIFT_MAX_S : SAME_S)) return false;
    element.playbackRate = pace.speed;
    if (runs && element.paused) void element.play().catch(() => undefined);
    return element.readyState >= (runs && untilEndS > ALL_LOADED_S ? MORE : NOW);
  }

  pause(): void {
    this.element.pause();
  }

  /** Seeks, unless the video is near enough. */
  #isAt(timeS: number, awayMaxS: number): boolean {
    const { element } = this;
    // A seek that is cut short shows nothing; what is wanted then is done after it.
    if (element.seeking) return false;
    const lastS = this.#lastS;
    if (timeS >= lastS && element.currentTime >= lastS) return true;
    const atS = Math.max(FIRST_S, Math.min(timeS, lastS));
    if (Math.abs(element.currentTime - atS) <= awayMaxS) return true;
    element.currentTime = atS;
    return false;
  }

  /** Files that are still being written do not tell how long they are. */
  get #lastS(): number {
    const { duration, ended, currentTime } = this.element;
    const endS = Number.isFinite(duration) ? duration : ended ? currentTime : Infinity;
    return Math.max(0, endS - BEFORE_END_S);
  }

  async #open(part: ManifestPart, gone: AbortSignal): Promise<void> {
    try {
      const url = await this.#files.find(part, gone);
      if (!gone.aborted) this.element.src = url;
    } catch {
      if (!gone.aborted) this.#fail();
    }
  }

  async #recover(): Promise<void> {
    const part = this.#part;
    const { signal } = this.#loading;
    const code = this.element.error?.code ?? 0;
    if (!part || !this.element.hasAttribute('src')) return;
    const isAgain = await this.#files.isWorthRetrying(part, code, signal).catch(() => false);
    if (signal.aborted) return;
    if (!isAgain) return this.#fail();
    // It may have another address by now.
    this.#part = undefined;
    this.#onChange();
  }

  #fail(): void {
    this.#hasFailed = true;
    this.#onChange();
  }
}
