import { randomUUID } from 'node:crypto';
import { RuntimeError } from '../errors.ts';
import type { RuntimeManager } from '../manager.ts';
import { maySee, type Actor } from '../runtime/actor.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isOver, type Operation } from './operation.ts';
import type { OperationStore } from './operation-store.ts';
import {
  cancelOperation,
  executeSteps,
  waitForOperation,
  type StepsOrder,
} from './operation-verbs.ts';

export interface OperationsOptions {
  runtimes: Pick<RuntimeManager, 'getActive' | 'get' | 'call'>;
  store: Pick<OperationStore, 'find'>;
}

export interface ExecuteRequest extends Omit<StepsOrder, 'id'> {
  /** An id or a name. */
  workspace: string;
  /** The alias or id of a runtime. */
  runtime: string;
  /** How long to wait for the end. */
  waitMs: number;
}

export interface ExecuteScope {
  /** The id of the operation; whoever asks again with it gets the same one. */
  id?: string | undefined;
  /** Aborts when the client hangs up: the operation goes on. */
  signal: AbortSignal;
}

/** Lists of steps that runtimes carry out. Methods throw `operation.not_found` for what does not exist for the actor. */
export class Operations {
  readonly #options: OperationsOptions;

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  /**
   * Has a runtime carry steps out, and resolves with the operation when it is over, or after
   * `waitMs`. Throws `runtime.not_found`, `runtime.not_active`, `runtime.unreachable` or
   * `operation.too_many`.
   */
  async execute(
    actor: Actor,
    { workspace, runtime: ref, ...order }: ExecuteRequest,
    { id: given, signal }: ExecuteScope,
  ): Promise<Operation> {
    const { runtimes, store } = this.#options;
    // Whoever asks again gets what was begun, also when the runtime is over by now.
    const begun = given && (await store.find(actor.organizationId, given));
    if (begun) return begun;
    const id = given ?? randomUUID();
    const runtime = await runtimes.getActive(actor, workspace, ref);
    const { operation } = await runtimes.call(runtime, executeSteps, { id, ...order }, signal);
    return operation ?? this.get(actor, id);
  }

  async get(actor: Actor, id: string): Promise<Operation> {
    const found = await this.#options.store.find(actor.organizationId, id);
    if (found && maySee(actor, found.workspaceId)) return found;
    throw new RuntimeError('operation.not_found', 'There is no such operation.');
  }

  /** Resolves with the operation when it is over, or after `timeoutMs`. */
  wait(actor: Actor, id: string, timeoutMs: number, signal: AbortSignal): Promise<Operation> {
    return this.#ask(actor, id, (runtime) =>
      this.#options.runtimes.call(runtime, waitForOperation, { id, timeoutMs }, signal),
    );
  }

  /** Gives an operation up. Resolves with it once it is over, at once when it already is. */
  cancel(actor: Actor, id: string, signal: AbortSignal): Promise<Operation> {
    return this.#ask(actor, id, (runtime) =>
      this.#options.runtimes.call(runtime, cancelOperation, { id }, signal),
    );
  }

  async #ask(
    actor: Actor,
    id: string,
    ask: (runtime: Runtime) => Promise<{ operation?: Operation | undefined }>,
  ): Promise<Operation> {
    const operation = await this.get(actor, id);
    if (isOver(operation)) return operation;
    const { workspaceId, runtimeId } = operation;
    const runtime = await this.#options.runtimes.get(actor, workspaceId, runtimeId);
    try {
      const answer = await ask(runtime);
      if (answer.operation) return answer.operation;
    } catch (error) {
      // With the runtime the operation is over, too.
      const isGone = error instanceof RuntimeError && error.code === 'runtime.not_active';
      if (!isGone) throw error;
    }
    return this.get(actor, id);
  }
}
