import { parseJson } from '../connections/parse-json.ts';
import { CdpCommand, HandoffParams } from '../connections/cdp/cdp-policy.ts';
import type { Acting, Wire } from '../connections/websocket/websocket-bridge.ts';
import type { Control, ControlChange } from './control.ts';

/** Every command of ours was read and serialized anew by the inspection, so it begins so. */
const OWN = /^\{"id":-?\d+,"method":"Bctrl\./;
const START_BYTES = 48;
/** When more sessions want to hear, the oldest are forgotten. */
const SESSIONS_MAX = 200;

/**
 * Answers what a program asks about control on its own connection: `Bctrl.getControl` and
 * `Bctrl.requestHandoff`, both with `{ holder, since, reason? }`. Whoever requested hears of each
 * change on the same session: `Bctrl.controlChanged { holder, cause? }`.
 */
export class ControlCommands implements Acting {
  readonly answerStartBytes = 0;
  readonly isFull = false;
  readonly #control: Control;
  readonly #wire: Wire;
  readonly #sessions = new Set<string | undefined>();
  #following: Disposable | undefined;

  constructor(control: Control, wire: Wire) {
    this.#control = control;
    this.#wire = wire;
  }

  take(payload: Buffer): boolean {
    if (!OWN.test(payload.toString('latin1', 0, START_BYTES))) return false;
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (!command) return false;
    const { id, method, params, sessionId } = command;
    if (method === 'Bctrl.requestHandoff') {
      this.#follow(sessionId);
      this.#control.request(HandoffParams.parse(params).reason);
    }
    const { holder, since, hold } = this.#control.state;
    this.#say({ id, result: { holder, since, reason: hold?.reason }, sessionId });
    return true;
  }

  isAnswer(): boolean {
    return false;
  }

  answer(): undefined {}

  close(): void {
    this.#following?.[Symbol.dispose]();
  }

  #follow(sessionId: string | undefined): void {
    this.#following ??= this.#control.follow((change) => this.#tell(change));
    this.#sessions.add(sessionId);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > SESSIONS_MAX) this.#sessions.delete(oldest);
  }

  #tell(change: ControlChange): void {
    if (change.type === 'requested') return;
    const params =
      change.type === 'taken' ? { holder: 'human' } : { holder: 'agent', cause: change.cause };
    for (const sessionId of this.#sessions) {
      this.#say({ method: 'Bctrl.controlChanged', params, sessionId });
    }
  }

  #say(message: object): void {
    this.#wire.say(Buffer.from(JSON.stringify(message)));
  }
}
