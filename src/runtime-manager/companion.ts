import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Connection } from './connections/connections.ts';
import type { SocketRequest } from './connections/requests.ts';
import type { MachineBrowser } from './machine/browser-machine.ts';
import type { NodeRequest } from './node/runtime-node.ts';
import type { ProfileLease } from './profiles/profile.ts';
import type { NewEvent } from './runtime/events.ts';
import type { BrowserConfig, Proxy } from './runtime/launch.ts';
import type { Runtime, RuntimeWarning } from './runtime/runtime.ts';

/** One life of a runtime with its browser, for whatever accompanies it. */
export interface Run {
  /** The runtime as it was recorded when the browser was there. */
  readonly runtime: Runtime;
  readonly config: BrowserConfig;
  readonly browser: MachineBrowser;
  /** The lease that the profile was taken with; undefined for an ephemeral runtime. */
  readonly profile: ProfileLease | undefined;
  readonly log: Logger;
  /** Aborts when the end begins. */
  readonly signal: AbortSignal;
  readonly note: (event: NewEvent) => void;
  /** Calls `listener` with each event that is noted from now on, until the result is disposed. */
  readonly onNote: (listener: (event: NewEvent) => void) => Disposable;
  /** Records which page of the default context is its first; undefined: there is none. */
  readonly setDefaultPage: (pageId: string | undefined) => void;
  /** Counts the runtime as in use until the result is disposed. */
  readonly use: () => Disposable;
  /** The proxy that the traffic goes through now. */
  readonly proxy: () => Proxy | undefined;
}

/** What accompanies running browsers. It is attached before a browser has a way out, so it misses nothing. */
export interface Companion {
  /** The part of its verbs' names before the dot. */
  readonly name: string;
  /** Resolves with undefined when the run has no need of it. A rejection fails the start. */
  attach(run: Run): Promise<Attached | undefined>;
}

/** A companion of one run; it is disposed when the end begins, while the browser is still there. */
export interface Attached extends AsyncDisposable {
  /** What was asked for but is done only in part. */
  readonly warnings?: readonly RuntimeWarning[];
  /** Carries out a verb of the companion, whose message it parses itself. */
  call?(verb: string, message: unknown, signal: AbortSignal): Promise<unknown>;
  /** Joins a client of a connection whose protocol is the companion's name; resolves when the client has gone. */
  connect?(connection: Connection, asked: SocketRequest): Promise<void>;
  /** Answers a request below the companion: that of a client of a connection, or of the service itself. */
  answer?(asked: NodeRequest, connection: Connection | undefined): Promise<Response>;
}

/** Something that a companion does on demand: its full name, and the shapes of message and answer. */
export interface CompanionVerb<Message extends z.ZodType, Answer extends z.ZodType> {
  /** `<companion>.<verb>` */
  readonly name: `${string}.${string}`;
  readonly message: Message;
  readonly answer: Answer;
}
