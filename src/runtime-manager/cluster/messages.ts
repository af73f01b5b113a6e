import { z } from 'zod';
import { ACCESSES, CONNECTION_PROTOCOLS, VIEWER_MODES } from '../runtime/access.ts';
import { FAILURE_CODES } from '../runtime/failures.ts';
import { LAUNCH_MODES, RUNTIME_KINDS, DRIVERS, STOP_REASONS } from '../runtime/lifecycle.ts';
import type { RecordingOptions } from '../recording/recording.ts';
import type { EgressRules } from '../runtime/egress-rules.ts';
import type { Launch, Proxy } from '../runtime/launch.ts';
import type { ConnectionState } from '../node/runtime-node.ts';
import { Problem } from './problems.ts';

/**
 * What processes of a cluster say to each other. JSON knows no `undefined`, and keys that one side
 * does not know are dropped: so processes of one version and the next understand each other. An
 * answer says that something is so; an asker of another version reads the record of it as its own has it.
 */

/** Raised only when older processes could not understand. */
export const PROTOCOL = 1;

const Launching = z.custom<Launch>(
  (launch) => z.looseObject({ mode: z.enum(LAUNCH_MODES) }).safeParse(launch).success,
);
const AnyProxy = z.custom<Proxy>((proxy) => z.looseObject({}).safeParse(proxy).success);
const Rules = z.custom<EgressRules>((rules) => z.looseObject({}).safeParse(rules).success);

const Recording = z.custom<RecordingOptions>(
  (options) => z.looseObject({}).safeParse(options).success,
);

/** One life of a runtime. */
const Life = z.object({ organizationId: z.uuid(), id: z.uuid(), generation: z.int() });

/** How a call is given up: by a `cancel` with its id, or when its time is over. */
const Patience = z.object({ callId: z.uuid(), budgetMs: z.int() });

const Place = Patience.extend({ mayWait: z.boolean().optional() });

const Create = Place.extend({
  organizationId: z.uuid(),
  runtime: z.object({
    id: z.uuid(),
    /** An id or a name. */
    workspace: z.string(),
    alias: z.string(),
    kind: z.enum(RUNTIME_KINDS),
    driver: z.enum(DRIVERS),
    launch: Launching,
    profileId: z.uuid().optional(),
    writesProfile: z.boolean(),
    egress: Rules.optional(),
    recording: Recording.optional(),
    idleTimeoutSeconds: z.number(),
    maxDurationSeconds: z.number(),
  }),
});

const Start = Place.extend({
  ...Life.shape,
  workspaceId: z.uuid(),
  recording: Recording.nullish(),
});

const End = z.discriminatedUnion('to', [
  z.object({ to: z.literal('stopped'), reason: z.enum(STOP_REASONS) }),
  z.object({
    to: z.literal('failed'),
    failure: z.object({ code: z.enum(FAILURE_CODES), message: z.string() }),
  }),
]);

/** Where the record of a runtime is, and what it says; null when the node does not hold the life. */
const Recorded = z
  .object({ workspaceId: z.uuid(), id: z.uuid(), told: z.unknown().optional() })
  .nullable();
export type Recorded = z.infer<typeof Recorded>;

const instant = z.union([z.date(), z.iso.datetime().transform((text) => new Date(text))]);

/** Every key is there, as in a connection of one's own. */
const Connection = z
  .object({
    id: z.string(),
    protocol: z.enum(CONNECTION_PROTOCOLS),
    access: z.enum(ACCESSES),
    createdAt: instant,
    expiresAt: instant.optional(),
    attachedClients: z.number(),
    lastActivityAt: instant.optional(),
  })
  .transform((given): ConnectionState => ({
    expiresAt: undefined,
    lastActivityAt: undefined,
    ...given,
  }));

/** Something that a node does for others: the last words of its subject, and the shapes of both messages. */
export interface NodeVerb<Message extends z.ZodType, Given extends z.ZodType> {
  name: string;
  message: Message;
  answer: Given;
}

export const NODE_VERBS = {
  create: { name: 'create', message: Create, answer: Recorded },
  start: { name: 'start', message: Start, answer: Recorded },
  stop: {
    name: 'stop',
    message: Life.extend({ end: End, untilGone: z.boolean() }),
    answer: Recorded,
  },
  setProxy: {
    name: 'proxy.set',
    message: Life.extend({ proxy: AnyProxy.optional() }),
    answer: Recorded,
  },
  call: {
    name: 'call',
    message: Patience.extend({ ...Life.shape, verb: z.string(), message: z.unknown() }),
    answer: z.unknown(),
  },
  listConnections: { name: 'connections.list', message: Life, answer: z.array(z.unknown()) },
  createConnection: {
    name: 'connections.create',
    message: Life.extend({
      protocol: z.enum(CONNECTION_PROTOCOLS),
      access: z.enum(ACCESSES),
      expiresAt: instant,
      view: z.object({ showControls: z.boolean(), viewerMode: z.enum(VIEWER_MODES) }).optional(),
    }),
    answer: Connection,
  },
  revokeConnection: {
    name: 'connections.revoke',
    message: Life.extend({ connectionId: z.string() }),
    answer: Connection,
  },
} as const satisfies Record<string, NodeVerb<z.ZodType, z.ZodType>>;

/** What a node is told, without an answer. */
export const Cancel = z.object({ callId: z.uuid() });
export const Observe = Life.extend({ forMs: z.int() });

/** Of the connections of a runtime, those whose protocol this version knows. */
export function readConnections(given: unknown[]): ConnectionState[] {
  return given.flatMap((one) => Connection.safeParse(one).data ?? []);
}

/** Every answer of a node. */
export const Answer = z.discriminatedUnion('is', [
  z.object({ is: z.literal('done'), value: z.unknown() }),
  z.object({ is: z.literal('failed'), problem: Problem }),
]);

const bytes = z.number();
const Machine = z.object({
  launching: z.int(),
  oldestWaitMs: z.number(),
  memory: z.object({ freeBytes: bytes, floorBytes: bytes, browserBytes: bytes }),
  launches: z.object({
    perMinute: z.int(),
    failedPerMinute: z.int(),
    p50Ms: z.number(),
    p95Ms: z.number(),
  }),
});

/** Of a node of an older version, which does not tell. */
const UNTOLD = {
  launching: 0,
  oldestWaitMs: 0,
  memory: { freeBytes: 0, floorBytes: 0, browserBytes: 0 },
  launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
};

/** How a node is. It tells so several times a second, and at once when it begins to drain. */
export const Beacon = z.object({
  protocol: z.int(),
  nodeId: z.uuid(),
  /** Of this life of the process. */
  epoch: z.int(),
  /** A newer process may know other reasons to be given no runtimes. */
  state: z.enum(['up', 'draining']).catch('draining'),
  /** `host:port` of its data plane. */
  address: z.string(),
  build: z.string(),
  slots: z.int(),
  active: z.int(),
  waiting: z.int(),
  free: z.int(),
  warm: z.int(),
  /** Whether runtimes have waited for long, for any node: new ones come after them. */
  isCrowded: z.boolean().optional(),
  /** Whether it takes orders over lines. */
  takesLines: z.boolean().optional(),
  languages: z.array(z.string()),
  hasWebDriver: z.boolean(),
  machine: Machine.default(UNTOLD),
});
export type Beacon = z.infer<typeof Beacon>;

/** What beacons of every protocol say. */
export const AnyBeacon = Beacon.pick({ protocol: true, nodeId: true, build: true });
export type AnyBeacon = z.infer<typeof AnyBeacon>;
