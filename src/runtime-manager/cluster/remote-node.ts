import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { SocketRequest } from '../connections/requests.ts';
import type { ReadTicket } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';
import { unreachable } from '../node/nodes.ts';
import type {
  CallScope,
  ConnectionRequest,
  ConnectionState,
  CreateOrder,
  NodeRequest,
  RuntimeNode,
  StartOrder,
} from '../node/runtime-node.ts';
import type { RuntimeEnd } from '../node/runtime-record.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { Runtime, RuntimeLife } from '../runtime/runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import { callOf } from '../tracing/spans.ts';
import { inSpan } from '../tracing/tracing.ts';
import { BusError, type Asking } from './bus.ts';
import { Answer, NODE_VERBS, readConnections, type NodeVerb, type Recorded } from './messages.ts';
import { errorOf } from './problems.ts';
import { readRecord } from './records.ts';
import { SUBJECTS } from './subjects.ts';
import { withPosition } from './traced-message.ts';

/** Longer than anything takes: a node that is gone is noticed otherwise. */
const TIMEOUT_MS = 15 * 60_000;
/** A node that was just connecting again serves by then. */
const AGAIN_MS = 300;

/** Carries what clients send to a node, and back. */
export interface DataPlane {
  connect(nodeId: string, ticket: ReadTicket, asked: SocketRequest): Promise<void>;
  answer(nodeId: string, ticket: ReadTicket, asked: NodeRequest): Promise<Response>;
}

export interface RemoteNodeOptions {
  id: string;
  bus: Asking;
  /** How it is given orders, to make and to start runtimes, which may come twice. */
  orders: Asking;
  plane: DataPlane;
  store: Pick<RuntimeStore, 'find'>;
  /** Of this process: a record of the same build is read as it is told. */
  build: string;
  /** How long a create or start may take, with the wait for room. */
  placeMs: number;
  /** Aborts when the node is gone. */
  gone: AbortSignal;
}

/**
 * A node of another process. What it is asked goes over the bus, orders over a line if there is one,
 * and what clients send over the data plane. Besides what the node throws, methods throw `runtime.unreachable` when the node is not there,
 * and `service.unavailable` when it is not known whether the node did what it was asked.
 */
export class RemoteNode implements RuntimeNode {
  readonly id: string;
  readonly #options: RemoteNodeOptions;

  constructor(options: RemoteNodeOptions) {
    this.id = options.id;
    this.#options = options;
  }

  async create(
    { organizationId, runtime }: CreateOrder,
    { signal, mayWait }: CallScope,
  ): Promise<Runtime | undefined> {
    const { orders } = this.#options;
    const made = await this.#givenUp(signal, orders, (patience) =>
      this.#request(NODE_VERBS.create, { organizationId, runtime, mayWait, ...patience }, orders),
    );
    return made ? this.#recorded(organizationId, made) : undefined;
  }

  async start(order: StartOrder, { signal, mayWait }: CallScope): Promise<Runtime | undefined> {
    const { orders } = this.#options;
    const { organizationId, workspaceId, id, generation, recording } = order;
    const life = { organizationId, workspaceId, id, generation, recording, mayWait };
    const started = await this.#givenUp(signal, orders, (patience) =>
      this.#request(NODE_VERBS.start, { ...life, ...patience }, orders),
    );
    return started ? this.#recorded(organizationId, started) : undefined;
  }

  async stop(
    life: RuntimeLife,
    end: RuntimeEnd,
    { untilGone = false }: { untilGone?: boolean } = {},
  ): Promise<Runtime | undefined> {
    const over = await this.#ask(NODE_VERBS.stop, { ...lifeOf(life), end, untilGone });
    return over ? this.#recorded(life.organizationId, over) : undefined;
  }

  async setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime> {
    const changed = await this.#ask(NODE_VERBS.setProxy, { ...lifeOf(life), proxy });
    if (changed) return this.#recorded(life.organizationId, changed);
    throw new RuntimeError('runtime.not_active', 'The runtime is not running.');
  }

  call(life: RuntimeLife, verb: string, message: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#givenUp(signal, this.#options.bus, (patience) =>
      this.#ask(NODE_VERBS.call, { ...lifeOf(life), verb, message, ...patience }),
    );
  }

  observe(life: RuntimeLife, forMs: number): void {
    this.#options.bus.publish(SUBJECTS.node(this.id, 'observe'), { ...lifeOf(life), forMs });
  }

  async listConnections(life: RuntimeLife): Promise<ConnectionState[]> {
    return readConnections(await this.#ask(NODE_VERBS.listConnections, lifeOf(life)));
  }

  createConnection(life: RuntimeLife, request: ConnectionRequest): Promise<ConnectionState> {
    return this.#ask(NODE_VERBS.createConnection, { ...lifeOf(life), ...request });
  }

  revokeConnection(life: RuntimeLife, connectionId: string): Promise<ConnectionState> {
    return this.#ask(NODE_VERBS.revokeConnection, { ...lifeOf(life), connectionId });
  }

  connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    return this.#options.plane.connect(this.id, ticket, asked);
  }

  answer(ticket: ReadTicket, asked: NodeRequest): Promise<Response> {
    return this.#options.plane.answer(this.id, ticket, asked);
  }

  /** The record, which the node wrote before it answered. */
  async #recorded(
    organizationId: string,
    { workspaceId, id, told }: NonNullable<Recorded>,
  ): Promise<Runtime> {
    const record = readRecord(told, this.#options.build);
    if (record) return record;
    const found = await this.#options.store.find(organizationId, workspaceId, id);
    if (found) return found;
    throw new RuntimeError('runtime.not_found', 'There is no such runtime.');
  }

  /**
   * Has a call given up when `signal` aborts. The node answers all the same, so that the caller knows
   * what became of it.
   */
  async #givenUp<T>(
    signal: AbortSignal | undefined,
    by: Asking,
    work: (patience: { callId: string; budgetMs: number }) => Promise<T>,
  ): Promise<T> {
    const callId = randomUUID();
    const cancel = () => by.publish(SUBJECTS.node(this.id, 'cancel'), { callId });
    const working = work({ callId, budgetMs: this.#options.placeMs });
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      return await working;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Asks once more when the node was not there: it did nothing then. */
  async #ask<Message extends z.ZodType, Given extends z.ZodType>(
    verb: NodeVerb<Message, Given>,
    message: z.input<Message>,
  ): Promise<z.output<Given>> {
    try {
      return await this.#request(verb, message);
    } catch (error) {
      const isAbsent = error instanceof RuntimeError && error.code === 'runtime.unreachable';
      if (!isAbsent) throw error;
    }
    await delay(AGAIN_MS);
    return this.#request(verb, message);
  }

  #request<Message extends z.ZodType, Given extends z.ZodType>(
    verb: NodeVerb<Message, Given>,
    message: z.input<Message>,
    by = this.#options.bus,
  ): Promise<z.output<Given>> {
    const { span, attributes } = callOf('client', 'node', verb.name);
    return inSpan(span, { ...attributes, 'bctrl.node.id': this.id }, () =>
      this.#answered(verb, withPosition(message), by),
    );
  }

  async #answered<Message extends z.ZodType, Given extends z.ZodType>(
    { name, answer: Given }: NodeVerb<Message, Given>,
    message: unknown,
    by: Asking,
  ): Promise<z.output<Given>> {
    const { gone } = this.#options;
    const given = await by
      .request(SUBJECTS.node(this.id, name), message, { timeoutMs: TIMEOUT_MS, signal: gone })
      .catch((error: unknown) => {
        throw explain(error);
      });
    const answer = Answer.parse(given);
    if (answer.is === 'failed') throw errorOf(answer.problem);
    return Given.parse(answer.value);
  }
}

/** What the failure of a request means for a runtime. */
function explain(error: unknown): unknown {
  if (!(error instanceof BusError)) return error;
  switch (error.failure) {
    case 'no_responders':
      return unreachable(error);
    case 'disconnected':
      return unavailable('The message bus of the service does not answer now.', error);
    case 'aborted':
    case 'timeout':
    case 'interrupted':
      return unavailable('The machine of the runtime did not answer.', error);
  }
}

function unavailable(message: string, cause: unknown): RuntimeError {
  return new RuntimeError('service.unavailable', message, { cause, retryAfterSeconds: 1 });
}

function lifeOf({ organizationId, id, generation }: RuntimeLife): RuntimeLife {
  return { organizationId, id, generation };
}
