import type { Control, ControlChange } from '../control/control.ts';
import type { ShownControl } from './messages.ts';

/** What a viewer asks for is not done: another person drives. */
export class TakenError extends Error {
  override name = 'TakenError';
}

/** Control of a browser, as one viewer has it or does without. */
export class ViewerControl {
  readonly #control: Control;
  readonly #viewerId: string;
  /** Whether the viewer drove until now. */
  #drove = false;
  #lost: ShownControl['lost'] = null;

  constructor(control: Control, viewerId: string) {
    this.#control = control;
    this.#viewerId = viewerId;
  }

  get drives(): boolean {
    return this.#control.hold?.viewer === this.#viewerId;
  }

  get shown(): ShownControl {
    const { hold } = this.#control.state;
    const asked = this.#asked;
    return {
      driver: this.#driver,
      request: asked ? { reason: asked.reason, at: asked.at.toISOString() } : null,
      idleMs: hold?.idleMs ?? null,
      lost: this.#lost,
    };
  }

  /** Somebody took control, or gave it back. */
  changed(change: ControlChange): void {
    const drove = this.#drove;
    this.#drove = this.drives;
    if (this.#drove) this.#lost = null;
    else if (drove && change.type === 'taken') this.#lost = 'taken';
    else if (drove && change.type === 'returned') this.#lost = change.cause;
  }

  /** Takes control, also from another viewer. */
  take(): void {
    this.#control.take({ ...this.#control.hold, viewer: this.#viewerId });
  }

  /** Takes control, unless another person has it: then throws a sentence for the viewer. */
  ensure(): void {
    if (this.drives) return;
    if (this.#driver === 'human') throw new TakenError('Someone else drives the browser.');
    this.take();
  }

  giveBack(cause: 'returned' | 'left'): void {
    if (!this.drives) return;
    // The viewer knows.
    this.#drove = false;
    this.#control.giveBack(cause);
  }

  /** The viewer is there. */
  touch(): void {
    this.#control.touch();
  }

  get #driver(): ShownControl['driver'] {
    const { hold } = this.#control;
    if (!hold) return 'agent';
    if (hold.viewer === undefined) return 'nobody';
    return this.drives ? 'you' : 'human';
  }

  /** What programs want of this viewer; of one who drives, for as long as that lasts. */
  get #asked(): { reason: string; at: Date } | undefined {
    const { hold, request, since } = this.#control.state;
    if (request || !hold || this.#driver === 'human') return request;
    if (hold.request) return hold.request;
    return hold.reason === undefined ? undefined : { reason: hold.reason, at: since };
  }
}
