import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import type { CallScope, OwnNode, RuntimeNode } from '../node/runtime-node.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { callOf } from '../tracing/spans.ts';
import { continued, inSpan } from '../tracing/tracing.ts';
import type { BusCall, Serving } from './bus.ts';
import { Cancel, NODE_VERBS, Observe, type NodeVerb, type Recorded } from './messages.ts';
import { problemOf } from './problems.ts';
import { tellRecord } from './records.ts';
import { SUBJECTS } from './subjects.ts';
import { positionOf } from './traced-message.ts';

/**
 * How long an asker may take to confirm that it has got a runtime. When the asker is gone, the
 * client of its request has so long to repeat the request elsewhere: longer than leases last.
 */
const CONFIRM_MS = 4000;

type Served = RuntimeNode & Pick<OwnNode, 'anticipate'>;

export interface NodeServerOptions {
  bus: Serving;
  /** Where orders come too, and what goes with them. */
  lines: Serving;
  node: Served;
  build: string;
  log: Logger;
}

/** Lets other processes use a node of this one. */
export class NodeServer implements Disposable {
  readonly #node: Served;
  readonly #build: string;
  readonly #log: Logger;
  readonly #serving: Disposable;
  /** The calls under way that can be given up. One that comes twice has one id. */
  readonly #calls = new Set<{ callId: string; controller: AbortController }>();

  constructor({ bus, lines, node, build, log }: NodeServerOptions) {
    this.#node = node;
    this.#build = build;
    this.#log = log;
    using stack = new DisposableStack();
    for (const by of [bus, lines]) this.#serveOrders(by, stack);
    this.#serveLives(bus, stack);
    this.#serveConnections(bus, stack);
    this.#serving = stack.move();
  }

  [Symbol.dispose](): void {
    this.#serving[Symbol.dispose]();
  }

  #serveOrders(by: Serving, stack: DisposableStack): void {
    const node = this.#node;
    const on = this.#server(by, stack);
    on(NODE_VERBS.create, ({ organizationId, runtime, ...asked }, call) =>
      this.#patiently(asked, async (signal) => {
        // All keys are there, since statements name them.
        const none = { profileId: undefined, egress: undefined, recording: undefined };
        const order = { ...none, ...runtime };
        const scope = this.#placing({ ...asked, signal }, call);
        return this.#recorded(await node.create({ organizationId, runtime: order }, scope));
      }),
    );
    on(NODE_VERBS.start, ({ callId, budgetMs, mayWait, ...order }, call) =>
      this.#patiently({ callId, budgetMs }, async (signal) =>
        this.#recorded(await node.start(order, this.#placing({ mayWait, signal }, call))),
      ),
    );
    stack.use(
      by.subscribe(SUBJECTS.node(node.id, 'cancel'), (message) => {
        const { data } = Cancel.safeParse(message);
        for (const { callId, controller } of this.#calls) {
          if (callId === data?.callId) controller.abort();
        }
      }),
    );
    stack.use(by.subscribe(SUBJECTS.node(node.id, 'anticipate'), () => node.anticipate()));
  }

  #serveLives(bus: Serving, stack: DisposableStack): void {
    const node = this.#node;
    const on = this.#server(bus, stack);
    on(NODE_VERBS.stop, async ({ end, untilGone, ...life }) =>
      this.#recorded(await node.stop(life, end, { untilGone })),
    );
    on(NODE_VERBS.setProxy, async ({ proxy, ...life }) =>
      this.#recorded(await node.setProxy(life, proxy)),
    );
    on(NODE_VERBS.call, ({ verb, message, ...asked }) =>
      this.#patiently(asked, (signal) => node.call(asked, verb, message, signal)),
    );
    stack.use(
      bus.subscribe(SUBJECTS.node(node.id, 'observe'), (message) => {
        const { data } = Observe.safeParse(message);
        if (data) node.observe(data, data.forMs);
      }),
    );
  }

  #serveConnections(bus: Serving, stack: DisposableStack): void {
    const node = this.#node;
    const on = this.#server(bus, stack);
    on(NODE_VERBS.listConnections, (life) => node.listConnections(life));
    on(NODE_VERBS.createConnection, ({ protocol, access, expiresAt, view, ...life }) =>
      node.createConnection(life, { protocol, access, expiresAt, view }),
    );
    on(NODE_VERBS.revokeConnection, ({ connectionId, ...life }) =>
      node.revokeConnection(life, connectionId),
    );
  }

  #server(by: Serving, stack: DisposableStack) {
    return <Message extends z.ZodType, Given extends z.ZodType>(
      { name, message: Schema }: NodeVerb<Message, Given>,
      work: (message: z.output<Message>, call: BusCall) => Promise<z.input<Given>>,
    ): void => {
      const answer = (message: unknown, call: BusCall) =>
        continued(positionOf(message), () =>
          this.#answer(name, () => work(Schema.parse(message), call)),
        );
      stack.use(by.serve(SUBJECTS.node(this.#node.id, name), answer));
    };
  }

  async #answer(verb: string, work: () => Promise<unknown>): Promise<unknown> {
    try {
      const { span, attributes } = callOf('server', 'node', verb);
      const ofNode = { ...attributes, 'bctrl.node.id': this.#node.id };
      return { is: 'done', value: await inSpan(span, ofNode, work) };
    } catch (error) {
      if (!(error instanceof RuntimeError)) this.#log.error({ err: error, verb }, 'a call failed');
      return { is: 'failed', problem: problemOf(error) };
    }
  }

  /** Has the signal abort when the asker gives the call up, or its time is over. */
  async #patiently<T>(
    { callId, budgetMs }: { callId: string; budgetMs: number },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), budgetMs);
    const one = { callId, controller };
    this.#calls.add(one);
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#calls.delete(one);
    }
  }

  /** The runtime is the asker's only when the asker confirms that it has got the answer. */
  #placing(scope: Pick<CallScope, 'mayWait' | 'signal'>, call: BusCall): CallScope {
    const { mayWait, signal } = scope;
    return {
      mayWait,
      signal,
      deliver: async (runtime) => {
        const until = performance.now() + CONFIRM_MS;
        const answer = { is: 'done', value: this.#recorded(runtime) };
        if (await call.answer(answer, CONFIRM_MS)) return true;
        await delay(Math.max(0, until - performance.now()), undefined, { ref: false });
        return false;
      },
    };
  }

  #recorded(record: Runtime | undefined): Recorded {
    if (!record) return null;
    const { workspaceId, id } = record;
    return { workspaceId, id, told: tellRecord(record, this.#build) };
  }
}
