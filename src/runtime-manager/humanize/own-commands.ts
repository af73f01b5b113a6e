import { z } from 'zod';
import { parseJson } from '../connections/parse-json.ts';

/** The largest id that Chromium takes; clients count from 1. */
const ID_MAX = 2 ** 31 - 1;
const ID_MIN = 2_100_000_000;
/** Chromium names the id first, in answers and errors. */
const ANSWER = /^\{"id":(2[01]\d{8})[,}]/;

const Answer = z.object({ result: z.record(z.string(), z.unknown()).optional() });

/** How much of an answer it takes to read its id. */
export const ANSWER_START_BYTES = 18;

export type Result = Record<string, unknown> | undefined;

/**
 * Commands of ours among those of a client, on the client's connection. Their ids are ones that the
 * client does not use, so that their answers can be kept from it.
 */
export class OwnCommands {
  readonly #send: (command: SentCommand & { id: number }) => void;
  readonly #waiting = new Map<number, (result: Result) => void>();
  #nextId = ID_MAX;

  constructor(send: (command: SentCommand & { id: number }) => void) {
    this.#send = send;
  }

  /** Whether a message that begins so answers one of our commands. */
  isAnswer(start: Buffer): boolean {
    return this.#waiting.has(idIn(start));
  }

  settle(answer: Buffer): void {
    const id = idIn(answer);
    this.#waiting.get(id)?.(Answer.safeParse(parseJson(answer)).data?.result);
    this.#waiting.delete(id);
  }

  /** `done` is called with the result, or without one when the command failed. */
  tell(command: OwnCommand, done: (result: Result) => void): void {
    const id = this.#nextId;
    this.#nextId = id > ID_MIN ? id - 1 : ID_MAX;
    this.#waiting.set(id, done);
    this.#send({ id, ...command });
  }

  /** Resolves with the result, or without one when the command fails or takes too long. */
  ask(command: OwnCommand, patienceMs: number): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<Result>();
    const late = setTimeout(resolve, patienceMs, undefined).unref();
    this.tell(command, (result) => {
      clearTimeout(late);
      resolve(result);
    });
    return promise;
  }
}

function idIn(start: Buffer): number {
  return Number(ANSWER.exec(start.toString('latin1', 0, ANSWER_START_BYTES))?.[1]);
}

/** A command, on whichever session. */
export interface SentCommand {
  method: string;
  params?: object | undefined;
  sessionId?: string | undefined;
}

export interface OwnCommand extends SentCommand {
  params: object;
  sessionId: string | undefined;
}
