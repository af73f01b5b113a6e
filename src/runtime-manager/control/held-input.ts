import { CdpCommand } from '../connections/cdp/cdp-policy.ts';
import type { QuietCommands } from '../connections/cdp/quiet-commands.ts';
import { parseJson } from '../connections/parse-json.ts';
import type { Acting, Wire } from '../connections/websocket/websocket-bridge.ts';
import type { SentCommand } from '../humanize/own-commands.ts';
import type { Control, ControlChange, Hold } from './control.ts';
import { PressedInput } from './pressed-input.ts';

/** What gives input; all else passes. */
const INPUT: ReadonlySet<string> = new Set([
  'Input.dispatchDragEvent',
  'Input.dispatchKeyEvent',
  'Input.dispatchMouseEvent',
  'Input.dispatchTouchEvent',
  'Input.emulateTouchFromMouseEvent',
  'Input.imeSetComposition',
  'Input.insertText',
  'Input.synthesizePinchGesture',
  'Input.synthesizeScrollGesture',
  'Input.synthesizeTapGesture',
]);
const MIGHT_BE_INPUT = '"Input.';
/**
 * What Playwright has the page do just before it gives input. That concerns a person too: a page that
 * is prepared for a click swallows all others until it comes, and the focus goes elsewhere.
 */
const PREPARATIONS = [
  'injected.setupHitTargetInterceptor(',
  'injected.fill(',
  'injected.focusNode(',
];
const EVALUATION = 'Runtime.callFunctionOn';
/** Within this time Playwright tries again what has failed. */
const RETRIED_MS = 1000;

/** When so much of one client waits, the client is not read. */
const WAITING_MAX = 500;
const WAITING_MAX_BYTES = 16 * 1024 * 1024;
/** What presses or releases something is short. */
const PRESS_MAX_BYTES = 2048;
const MIGHT_PRESS = /"(?:mousePressed|keyDown|rawKeyDown|touchStart|drag)/;

/** Chromium's code for a command that it cannot carry out. */
const SERVER_ERROR = -32000;

interface Waiting {
  command: CdpCommand;
  payload: Buffer;
  late: NodeJS.Timeout;
}

export interface HeldInputParts {
  control: Control;
  wire: Wire;
  quiet: QuietCommands;
  /** Has all that passes. */
  next: Acting;
  /**
   * Where somebody acts out what passes: does at once what is being done, and returns what has not
   * begun. That actor tells of all it sends by `sent`.
   */
  interrupt: (() => CdpCommand[]) | undefined;
}

/**
 * Lets the input of one client wait while a person drives the browser. Then it goes on in its order,
 * or fails when it has waited for too long; all other commands pass. What the client holds down when a
 * person comes is let go in its stead.
 */
export class HeldInput implements Acting {
  readonly #parts: HeldInputParts;
  readonly #pressed = new PressedInput();
  readonly #following: Disposable;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lettingGo: NodeJS.Immediate | undefined;
  /** Until when preparations fail at once, by `performance.now()`: their input has waited in vain. */
  #failsUntil = 0;

  constructor(parts: HeldInputParts) {
    this.#parts = parts;
    this.#following = parts.control.follow((change) => this.#changed(change));
  }

  get answerStartBytes(): number {
    return this.#parts.next.answerStartBytes;
  }

  get held(): Promise<unknown> | undefined {
    return this.#parts.next.held;
  }

  get isFull(): boolean {
    return this.#isBehind || this.#parts.next.isFull;
  }

  take(payload: Buffer): boolean {
    const { hold } = this.#parts.control;
    const command = hold ? readHeld(payload) : this.#readPress(payload);
    if (!command) return this.#parts.next.take(payload);
    if (!hold || this.#endsWhatEnded(command)) return this.#pass(command, payload);
    const isRetried = command.method === EVALUATION && performance.now() < this.#failsUntil;
    if (isRetried) this.#refuse(command, hold.clientsWaitMs);
    else this.#add(this.#wait(command, payload, hold));
    return true;
  }

  /** Hears of a command that was acted out and goes to the browser. */
  sent(command: SentCommand): void {
    this.#pressed.note(command);
    if (this.#parts.control.hold && this.#pressed.isDown) this.#letGoSoon();
  }

  isAnswer(start: Buffer): boolean {
    return this.#parts.next.isAnswer(start);
  }

  answer(payload: Buffer): Buffer | undefined {
    return this.#parts.next.answer(payload);
  }

  close(): void {
    this.#following[Symbol.dispose]();
    clearImmediate(this.#lettingGo);
    for (const { late } of this.#takeWaiting()) clearTimeout(late);
    this.#parts.next.close();
  }

  get #isBehind(): boolean {
    return this.#waiting.length >= WAITING_MAX || this.#waitingBytes >= WAITING_MAX_BYTES;
  }

  /** A command that has to be looked at, though nobody holds the input. */
  #readPress(payload: Buffer): CdpCommand | undefined {
    if (payload.length > PRESS_MAX_BYTES) return undefined;
    if (this.#parts.interrupt && !this.#pressed.isAhead) return undefined;
    if (!payload.includes(MIGHT_BE_INPUT, 0, 'latin1')) return undefined;
    const matters = this.#pressed.isAhead || this.#pressed.isDown;
    return matters || MIGHT_PRESS.test(payload.toString('latin1')) ? read(payload) : undefined;
  }

  /** Whether a command is the end of something that was let go when a person came. */
  #endsWhatEnded(command: CdpCommand): boolean {
    const isNext = !this.#waiting.some((one) => isSameSession(one.command, command));
    return isNext && this.#pressed.isDone(command);
  }

  #pass(command: CdpCommand, payload: Buffer): boolean {
    const isDone = this.#pressed.isDone(command);
    if (isDone || !this.#parts.interrupt) this.#pressed.note(command);
    if (!isDone) return this.#parts.next.take(payload);
    this.#say({ id: command.id, result: {}, sessionId: command.sessionId });
    return true;
  }

  #changed(change: ControlChange): void {
    if (change.type === 'taken') this.#stop(change.hold);
    if (change.type === 'returned') this.#goOn();
  }

  /** A person drives from now on. */
  #stop(hold: Hold): void {
    const notBegun = this.#parts.interrupt?.() ?? [];
    const before = this.#takeWaiting();
    for (const command of notBegun) this.#add(this.#wait(command, toBuffer(command), hold));
    for (const one of before) this.#add(one);
    this.#letGoSoon();
  }

  #goOn(): void {
    // What is down from now on is the client's to let go.
    clearImmediate(this.#lettingGo);
    this.#lettingGo = undefined;
    for (const { command, payload, late } of this.#takeWaiting()) {
      clearTimeout(late);
      if (!this.#pass(command, payload)) this.#parts.wire.send(payload);
    }
    this.#parts.wire.readOn();
  }

  #wait(command: CdpCommand, payload: Buffer, { clientsWaitMs }: Hold): Waiting {
    const late = setTimeout(() => this.#fail(waiting, clientsWaitMs), clientsWaitMs).unref();
    const waiting = { command, payload, late };
    return waiting;
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.payload.length;
  }

  #takeWaiting(): Waiting[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return taken;
  }

  /** What came before in its session fails too: no press may be done when its release has failed. */
  #fail(late: Waiting, waitedMs: number): void {
    const all = this.#takeWaiting();
    const until = all.indexOf(late);
    for (const [at, one] of all.entries()) {
      if (at > until || !isSameSession(one.command, late.command)) this.#add(one);
      else {
        clearTimeout(one.late);
        this.#refuse(one.command, waitedMs);
      }
    }
    this.#parts.wire.readOn();
  }

  #refuse(command: CdpCommand, waitedMs: number): void {
    const { id, sessionId } = command;
    const message = refusal(waitedMs);
    this.#pressed.leaveOut(command);
    // Playwright would try again until its own time is over, unless a script of its own has failed.
    if (command.method === EVALUATION) return this.#say({ id, result: thrown(message), sessionId });
    this.#failsUntil = performance.now() + RETRIED_MS;
    this.#say({ id, error: { code: SERVER_ERROR, message }, sessionId });
  }

  /** Once what is being done is done. */
  #letGoSoon(): void {
    this.#lettingGo ??= setImmediate(() => {
      this.#lettingGo = undefined;
      for (const { method, params, sessionId } of this.#pressed.letGo()) {
        this.#parts.quiet.send(method, params, sessionId);
      }
    });
  }

  #say(message: object): void {
    this.#parts.wire.say(toBuffer(message));
  }
}

function refusal(waitedMs: number): string {
  return `bctrl: a person drives this runtime now, and has not given it back within ${waitedMs / 1000} s: wait for the event runtime.control_returned, then give this input again.`;
}

/** What an evaluation answers that has thrown an error. */
function thrown(message: string): object {
  const description = `Error: ${message}`;
  const exception = { type: 'object', subtype: 'error', className: 'Error', description };
  const place = { exceptionId: 1, text: 'Uncaught', lineNumber: 0, columnNumber: 0 };
  return { result: exception, exceptionDetails: { ...place, exception } };
}

/** A command that waits while a person drives. */
function readHeld(payload: Buffer): CdpCommand | undefined {
  const isPreparation = PREPARATIONS.some((part) => payload.includes(part, 0, 'latin1'));
  if (!isPreparation && !payload.includes(MIGHT_BE_INPUT, 0, 'latin1')) return undefined;
  const command = read(payload);
  if (!command) return undefined;
  const waits = INPUT.has(command.method) || (isPreparation && command.method === EVALUATION);
  return waits ? command : undefined;
}

function read(payload: Buffer): CdpCommand | undefined {
  return CdpCommand.safeParse(parseJson(payload)).data;
}

function isSameSession(one: CdpCommand, other: CdpCommand): boolean {
  return one.sessionId === other.sessionId;
}

function toBuffer(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}
