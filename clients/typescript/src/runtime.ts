import { randomUUID } from 'node:crypto';
import { dataOf } from './answers.ts';
import { connectPlaywright, connectPuppeteer, connectSelenium } from './drivers.ts';
import { followMessages } from './event-stream.ts';
import type {
  Api,
  EmbedLive,
  ExecuteRequest,
  LiveEmbed,
  Operation,
  RuntimeEvent,
  RuntimeInfo,
  Step,
} from './types.ts';

const WAIT_MS = 60_000;
/** After these a runtime has no more events, unless it is started again. */
const ENDS = new Set<string>(['runtime.stopped', 'runtime.failed']);

export interface ExecuteOptions {
  mode?: ExecuteRequest['mode'];
  /** The same key carries the same steps out once. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface EventOptions {
  /** The id of the last event that is known; by default all events of the runtime come. */
  after?: string;
  types?: RuntimeEvent['type'][];
  signal?: AbortSignal;
}

/** A browser of the service. `await using` ends it with the block. */
export class Runtime implements AsyncDisposable {
  readonly #api: Api;
  /** The runtime as the service last described it. */
  info: RuntimeInfo;

  constructor(api: Api, info: RuntimeInfo) {
    this.#api = api;
    this.info = info;
  }

  get id(): string {
    return this.info.id;
  }

  get alias(): string {
    return this.info.alias;
  }

  async refresh(): Promise<RuntimeInfo> {
    const path = '/v1/workspaces/{id}/runtimes/{alias}';
    this.info = dataOf(await this.#api.GET(path, { params: { path: this.#path } }));
    return this.info;
  }

  /** Ends the browser; with a profile, once its state is saved. A runtime that is over stays as it is. */
  async stop(): Promise<RuntimeInfo> {
    const path = '/v1/workspaces/{id}/runtimes/{alias}/stop';
    this.info = dataOf(await this.#api.POST(path, { params: { path: this.#path } }));
    return this.info;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Connects Puppeteer. Throws if `puppeteer-core` is not installed. */
  puppeteer() {
    return connectPuppeteer(this.#connection.cdpUrl);
  }

  /** Connects Playwright. Throws if `playwright-core` is not installed. */
  playwright() {
    return connectPlaywright(this.#connection.cdpUrl);
  }

  /** Connects Selenium. Throws if `selenium-webdriver` is not installed. */
  selenium() {
    return connectSelenium(this.#connection.webdriverUrl);
  }

  /** Carries steps out, and returns the operation when it is over, whether its steps succeeded or not. */
  async execute(steps: Step[], options: ExecuteOptions = {}): Promise<Operation> {
    const { mode, idempotencyKey = randomUUID(), signal } = options;
    const sent = await this.#api.POST('/v1/workspaces/{id}/execute', {
      params: {
        path: { id: this.info.workspaceId },
        header: { 'Idempotency-Key': idempotencyKey },
      },
      body: { runtime: this.id, steps, ...(mode && { mode }) },
      ...(signal && { signal }),
    });
    return this.#over(dataOf(sent), signal);
  }

  async #over(operation: Operation, signal: AbortSignal | undefined): Promise<Operation> {
    if (operation.endedAt !== null) return operation;
    const waited = await this.#api.POST('/v1/operations/{id}/wait', {
      params: { path: { id: operation.id } },
      body: { timeoutMs: WAIT_MS },
      ...(signal && { signal }),
    });
    return this.#over(dataOf(waited).operation, signal);
  }

  /**
   * The events of the runtime in their order, until it ends. A connection that breaks is opened again,
   * and no event is missed.
   */
  async *events({ after = '0', types, signal }: EventOptions = {}): AsyncGenerator<RuntimeEvent> {
    const left = new AbortController();
    const until = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const open = (lastId = after) => this.#openEvents(lastId, types, until);
    try {
      for await (const data of followMessages(open, until)) {
        const event: RuntimeEvent = JSON.parse(data);
        if (types === undefined || types.includes(event.type)) yield event;
        if (ENDS.has(event.type)) return;
      }
    } finally {
      left.abort();
    }
  }

  async #openEvents(lastId: string, types: EventOptions['types'], signal: AbortSignal) {
    // Its end ends the iteration, so it is among what is asked for.
    const eventTypes = types && [...new Set([...types, ...ENDS])].join(',');
    const answer = await this.#api.GET('/v1/workspaces/{id}/runtimes/{alias}/events/stream', {
      params: {
        path: this.#path,
        query: { ...(eventTypes !== undefined && { eventTypes }) },
        header: { 'last-event-id': lastId },
      },
      parseAs: 'stream',
      signal,
    });
    return dataOf<ReadableStream<Uint8Array> | null>(answer);
  }

  /** A page for people, in which they see the browser and, if `interactive`, drive it. */
  async live(options: EmbedLive = {}): Promise<LiveEmbed> {
    const path = '/v1/workspaces/{id}/runtimes/{alias}/embed/live';
    return dataOf(await this.#api.POST(path, { params: { path: this.#path }, body: options }));
  }

  get #path() {
    return { id: this.info.workspaceId, alias: this.id };
  }

  get #connection() {
    const { connection, alias, status } = this.info;
    if (connection) return connection;
    const reason = status === 'active' ? 'the key lacks runtimes:connect' : `it is ${status}`;
    throw new Error(`No client can connect to the runtime ${alias}: ${reason}.`);
  }
}
