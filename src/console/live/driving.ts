import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Told, ViewerMessage } from './contract.ts';
import type { Notices } from './notices.ts';

type Control = Told<'control'>;

const AGENT_DRIVES: Control = {
  t: 'control',
  viewers: 1,
  driver: 'agent',
  request: null,
  idleMs: null,
  lost: null,
};
const TAKEN_SHOWN_MS = 6000;
/** So long before the end, at most, the time left is shown. */
const WARNING_MS = 15_000;

export interface DrivingParts {
  send: (message: ViewerMessage) => void;
  notices: Notices;
  /** Whether there is a toolbar that tells who drives. */
  hasControls: ReadonlySignal<boolean>;
}

/** Who drives, what the agent asks of people, and how this person gets control and loses it. */
export class Driving {
  readonly control = signal(AGENT_DRIVES);
  /** Seconds until the agent drives again; undefined while there are many. */
  readonly secondsLeft = signal<number | undefined>(undefined);
  /** Whether the agent asks for help, or has stopped for it, and nobody is there yet. */
  readonly isWaiting = computed(() => {
    const { driver, request } = this.control.value;
    return driver === 'nobody' || (driver === 'agent' && request !== null);
  });
  /** What the agent asks for, unless this person does not want to see it now. */
  readonly request = computed(() => {
    const { driver, request } = this.control.value;
    const isHidden = driver !== 'you' && request?.at === this.#hidden.value;
    return isHidden ? null : request;
  });
  /** When that was asked which is hidden. */
  readonly #hidden = signal<string | undefined>(undefined);
  readonly #parts: DrivingParts;
  /** Whether the service has told of this connection. */
  #isTold = false;
  #hasAsked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: DrivingParts) {
    this.#parts = parts;
  }

  /** The service tells who drives. */
  hear(told: Control): void {
    const before = this.control.peek();
    this.control.value = told;
    if (told.driver === 'you' && before.driver !== 'you') this.#begin();
    if (told.driver !== 'you' && before.driver === 'you') {
      this.#tellLoss(this.#isTold ? told.lost : 'left', before.idleMs);
    }
    if (isOfOthers(told, before)) this.#parts.notices.forgetControl();
    if (told.driver !== before.driver || told.idleMs !== before.idleMs) this.#count();
    this.#isTold = true;
  }

  /** A connection begins, which is another viewer to the service. */
  restart(): void {
    this.#isTold = false;
  }

  /** Nobody drives any more. */
  end(): void {
    this.control.value = AGENT_DRIVES;
    this.#parts.notices.forgetControl();
    this.#count();
  }

  /** Takes control, or keeps it for longer. */
  take(): void {
    this.#hasAsked = this.control.peek().driver !== 'you';
    this.#parts.send({ t: 'control', do: 'take' });
  }

  handBack(): void {
    this.#parts.send({ t: 'control', do: 'return' });
  }

  /** This person has done something. */
  acted(): void {
    if (this.control.peek().driver === 'you') this.#count();
  }

  hideRequest(): void {
    this.#hidden.value = this.control.peek().request?.at;
  }

  showRequest(): void {
    this.#hidden.value = undefined;
  }

  #begin(): void {
    const { notices, hasControls } = this.#parts;
    const isSurprise = this.#isTold && !this.#hasAsked;
    this.#hasAsked = false;
    notices.forgetControl();
    if (!isSurprise || !hasControls.peek()) return;
    notices.add('You drive now; programs wait.', {
      action: { name: 'Hand back', act: () => this.handBack() },
      shownMs: TAKEN_SHOWN_MS,
      isOfControl: true,
    });
  }

  #tellLoss(lost: Control['lost'], idleMs: number | null): void {
    const { notices } = this.#parts;
    const sentences = {
      idle: `A program drives again: there was no input for ${Math.round((idleMs ?? 0) / 1000)} s.`,
      returned: 'A program drives again: the program took control back.',
      taken: 'Someone else took over.',
      left: 'A program drives again: the connection was interrupted.',
    };
    const sentence = lost === null ? undefined : sentences[lost];
    // Whoever gave no input may be away, so it stays.
    if (sentence) notices.add(sentence, { shownMs: Infinity, isOfControl: true });
    else notices.forgetControl();
  }

  /** Counts the time without input from now on, as the service does. */
  #count(): void {
    clearTimeout(this.#timer);
    this.secondsLeft.value = undefined;
    const { driver, idleMs } = this.control.peek();
    if (driver !== 'you' || idleMs === null) return;
    const endsAt = performance.now() + idleMs;
    const quietMs = idleMs - Math.min(WARNING_MS, idleMs / 2);
    this.#timer = setTimeout(() => this.#countDown(endsAt), quietMs);
  }

  #countDown(endsAt: number): void {
    const leftMs = Math.max(0, endsAt - performance.now());
    this.secondsLeft.value = Math.ceil(leftMs / 1000);
    if (leftMs > 0) this.#timer = setTimeout(() => this.#countDown(endsAt), leftMs % 1000 || 1000);
  }
}

/** Whether something has changed between others: what was told of an earlier change is not so any more. */
function isOfOthers(now: Control, before: Control): boolean {
  const isOther = now.driver !== before.driver || now.request?.at !== before.request?.at;
  return isOther && now.driver !== 'you' && before.driver !== 'you';
}
