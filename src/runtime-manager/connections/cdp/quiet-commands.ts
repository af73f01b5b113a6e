import type { Acting, Wire } from '../websocket/websocket-bridge.ts';

const ANSWER = /^\{"id":(\d+)[,}]/;
/** Just below the ids of the humanizer's commands; clients count from 1. */
const ID_MAX = 2_099_999_999;
const IDS = 1_000_000;

/** The service's own commands on the sessions of a client, of which the client hears nothing. */
export class QuietCommands implements Acting {
  readonly answerStartBytes = '{"id":2099999999,'.length;
  readonly isFull = false;
  readonly #wire: Wire;
  readonly #waiting = new Set<number>();
  #nextId = ID_MAX;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  send(method: string, params: object, sessionId: string | undefined): void {
    const id = this.#nextId;
    this.#nextId = id > ID_MAX - IDS ? id - 1 : ID_MAX;
    this.#waiting.add(id);
    this.#wire.send(Buffer.from(JSON.stringify({ id, method, params, sessionId })));
  }

  take(): boolean {
    return false;
  }

  isAnswer(start: Buffer): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(this.#idIn(start));
  }

  answer(payload: Buffer): undefined {
    this.#waiting.delete(this.#idIn(payload));
  }

  close(): void {
    this.#waiting.clear();
  }

  #idIn(start: Buffer): number {
    return Number(ANSWER.exec(start.toString('latin1', 0, this.answerStartBytes))?.[1]);
  }
}
