import { batch, computed, effect, signal } from '@preact/signals';
import { Clock } from './clock.ts';
import type { RecordingManifest } from './contract.ts';
import { Deck } from './deck.ts';
import { listEvents } from './events.ts';
import { Source } from './source.ts';
import { Timeline } from './timeline.ts';
import { VideoFiles } from './video-files.ts';

const NOTHING: RecordingManifest = {
  id: '',
  alias: '',
  status: 'encoding',
  isRunning: false,
  startedAt: '',
  durationMs: 0,
  tabs: [],
  parts: [],
  marks: [],
  next: '',
};
/** Whoever jumps back twice while it plays means the event before. */
const BACK_MS = 1000;
/** Ten pictures are recorded in a second. */
export const FRAME_MS = 100;

/** What is shown of a recording, and when. */
export class Player {
  readonly source: Source;
  readonly clock: Clock;
  readonly deck: Deck;
  readonly files: VideoFiles;
  /** The tab that was chosen; undefined: the one that was in use is shown. */
  readonly pinned = signal<string | undefined>(undefined);
  /** Whether the time is being dragged. */
  readonly isDragging = signal(false);

  readonly manifest = computed(() => this.source.manifest.value ?? NOTHING);
  readonly timeline = computed(() => new Timeline(this.manifest.value));
  readonly events = computed(() => listEvents(this.manifest.value));
  readonly isRunning = computed(
    () => this.manifest.value.isRunning && this.source.state.value.name !== 'failed',
  );
  readonly tabId = computed(
    () => this.pinned.value ?? this.timeline.value.tabInUse(this.clock.timeMs.value),
  );
  readonly tab = computed(() => this.timeline.value.tab(this.tabId.value));
  readonly found = computed(() => this.tab.value?.pictureAt(this.clock.timeMs.value));
  /** Whether the picture is of this time; one part may cover pauses, too. */
  readonly isRecorded = computed(
    () =>
      this.found.value?.isRecorded === true &&
      this.timeline.value.pauseAt(this.clock.timeMs.value) === undefined,
  );
  /** The place of the latest event in the list; -1: none yet. */
  readonly currentEvent = computed(() => {
    const ms = this.clock.timeMs.value;
    return this.events.value.findLastIndex(({ atMs }) => atMs <= ms);
  });

  /** `base` is the page's own address. */
  constructor(base: Pick<URL, 'origin' | 'pathname'>, token: string) {
    const below = new URL(`${base.pathname.replace(/\/+$/, '')}/`, base.origin);
    this.source = new Source(new URL('manifest', below), token);
    this.files = new VideoFiles(below, () => this.source.load());
    this.deck = new Deck(this.files);
    this.clock = new Clock({
      endMs: computed(() => this.manifest.value.durationMs),
      isRunning: this.isRunning,
      isHeld: () => this.isDragging.peek() || this.deck.isWaiting.peek(),
    });
    this.#beginWithPictures();
    effect(() => this.#show());
  }

  toggle(): void {
    if (this.clock.isPlaying.peek()) this.clock.pause();
    else this.clock.play();
  }

  seek(ms: number): void {
    this.clock.seek(ms);
  }

  seekBy(ms: number): void {
    this.clock.seek(this.clock.timeMs.peek() + ms);
  }

  step(frames: number): void {
    this.clock.pause();
    this.seekBy(frames * FRAME_MS);
  }

  nextEvent(): void {
    const ms = this.clock.timeMs.peek();
    this.clock.seek(this.events.peek().find(({ atMs }) => atMs > ms)?.atMs ?? Infinity);
  }

  previousEvent(): void {
    const ms = this.clock.timeMs.peek() - (this.clock.isPlaying.peek() ? BACK_MS : 0);
    this.clock.seek(this.events.peek().findLast(({ atMs }) => atMs < ms)?.atMs ?? 0);
  }

  pin(tabId: string): void {
    if (this.timeline.peek().tab(tabId)) this.pinned.value = tabId;
  }

  toggleFollowing(): void {
    this.pinned.value = this.pinned.peek() === undefined ? this.tabId.peek() : undefined;
  }

  /** What whoever embeds the page asks for. */
  seekTo(ms: number, tabId: string | undefined): void {
    batch(() => {
      if (tabId !== undefined) this.pin(tabId);
      this.clock.seek(ms);
    });
  }

  /** Before its first page is shown, there is nothing to see in a recording. */
  #beginWithPictures(): void {
    let hasBegun = false;
    effect(() => {
      const { parts } = this.manifest.value;
      if (hasBegun || parts.length === 0) return;
      hasBegun = true;
      const firstMs = Math.min(...parts.map(({ startMs }) => startMs));
      if (this.clock.timeMs.peek() === 0 && firstMs > 0) this.clock.seek(firstMs);
    });
  }

  #show(): void {
    const timeline = this.timeline.value;
    const ms = this.clock.timeMs.value;
    const part = this.found.value?.part;
    const next = timeline.next(ms, this.pinned.value, part);
    this.deck.show({
      picture: part && { part, atMs: Math.min(ms, part.endMs) },
      next: next && { part: next.part, atMs: next.atMs },
      pace: {
        isPlaying: this.clock.isPlaying.value && !this.isDragging.value,
        speed: this.clock.speed.value,
      },
    });
  }
}
