import { batch, signal } from '@preact/signals';
import type { ManifestPart } from './contract.ts';
import { Slot, type Pace } from './slot.ts';
import type { VideoFiles } from './video-files.ts';

/** A part, and the time of it that is shown. */
export interface Picture {
  part: ManifestPart;
  atMs: number;
}

export interface Wanted {
  picture: Picture | undefined;
  /** What is shown after it. */
  next: Picture | undefined;
  pace: Pace;
}

/**
 * Two videos, one before the other. The one behind loads what comes next, and comes to the front
 * when its picture is there, so that nothing flashes between two parts.
 */
export class Deck {
  /** Whether the picture that is wanted is not there yet. */
  readonly isWaiting = signal(false);
  readonly hasFailed = signal(false);
  /** The part that is to be seen; undefined: none. */
  readonly shown = signal<ManifestPart | undefined>(undefined);
  readonly elements: readonly HTMLVideoElement[];
  readonly #files: VideoFiles;
  #front: Slot;
  #back: Slot;
  #wanted: Wanted | undefined;

  constructor(files: VideoFiles) {
    this.#files = files;
    const again = () => this.#update();
    this.#front = new Slot(files, again);
    this.#back = new Slot(files, again);
    this.elements = [this.#front.element, this.#back.element];
  }

  show(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#update();
  }

  #update(): void {
    if (!this.#wanted) return;
    const { picture, next, pace } = this.#wanted;
    const isThere = picture === undefined ? this.#clear() : this.#bring(picture, pace);
    const isLost = picture !== undefined && this.#slotOf(picture)?.hasFailed === true;
    batch(() => {
      this.hasFailed.value = isLost;
      this.isWaiting.value = !isThere && !isLost;
    });
    if (isThere && next && !this.#slotOf(next)) this.#back.load(next.part);
    if (isThere && next && this.#back === this.#slotOf(next)) {
      this.#back.keep(offsetS(next), pace, 'back');
    }
  }

  #clear(): true {
    this.#front.pause();
    this.#back.pause();
    this.shown.value = undefined;
    return true;
  }

  /** Whether the picture is to be seen. */
  #bring(picture: Picture, pace: Pace): boolean {
    if (this.#front.part?.id !== picture.part.id) {
      this.#front.pause();
      if (this.#back.part?.id !== picture.part.id) this.#back.load(picture.part);
      if (!this.#back.keep(offsetS(picture), pace, 'back')) return false;
      [this.#front, this.#back] = [this.#back, this.#front];
      this.#front.element.dataset['front'] = '';
      delete this.#back.element.dataset['front'];
      this.#files.played(picture.part);
    }
    const isThere = this.#front.keep(offsetS(picture), pace, 'front');
    if (isThere) this.shown.value = picture.part;
    return isThere;
  }

  #slotOf({ part }: Picture): Slot | undefined {
    return [this.#front, this.#back].find((slot) => slot.part?.id === part.id);
  }
}

function offsetS({ part, atMs }: Picture): number {
  return Math.max(0, atMs - part.startMs) / 1000;
}
