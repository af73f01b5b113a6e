import { z } from '@hono/zod-openapi';
import {
  CAPTCHA_KINDS,
  DRIVERS,
  LAUNCH_MODES,
  PROXY_TYPES,
  RUNTIME_STATUSES,
  durationMsOf,
  STOP_REASONS,
  statusOf,
  type Runtime,
  type TimeLimits,
  FAILURE_CODES,
} from '../../runtime-manager/runtime/index.ts';
import { EgressRules, Proxy } from './browser-config.ts';
import { launchWith } from './launch.ts';
import { nextCursor } from './paging.ts';
import { RecordingOptions, RecordingWish } from './recording.ts';

const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const Alias = z
  .string()
  .regex(
    ALIAS,
    'Up to 128 letters, digits, dots, underscores and hyphens, with a letter or digit first',
  )
  .openapi({ example: 'TestBrowser01' });

/** The most that a caller may ask for. */
export interface RequestCeilings {
  timeLimits: TimeLimits;
  extensions: number;
}

/** The body of a create of a browser. */
export function browserRuntime({ timeLimits: ceilings, extensions }: RequestCeilings) {
  return z
    .strictObject({
      alias: Alias.openapi({
        description:
          'Your name for the runtime. Only one active runtime in a workspace can have it.',
      }),
      driver: z.enum(DRIVERS).default('playwright').openapi({
        description:
          'How you want to control the browser. Whichever you choose, clients of all drivers can connect.',
      }),
      kind: z.literal('browser'),
      launch: launchWith(extensions),
      idleTimeoutSeconds: z.int().min(1).max(ceilings.idleTimeoutSeconds).optional().openapi({
        description: 'The runtime ends after this many seconds without traffic from a client.',
      }),
      maxDurationSeconds: z.int().min(1).max(ceilings.maxDurationSeconds).optional().openapi({
        description:
          'The runtime ends this many seconds after its browser started, even if it is in use.',
      }),
      egress: EgressRules.optional(),
      recording: RecordingWish.optional(),
    })
    .openapi('CreateBrowserRuntime');
}

export function createRuntimeRequest(ceilings: RequestCeilings) {
  return z.discriminatedUnion('kind', [browserRuntime(ceilings)]).openapi('CreateRuntimeRequest', {
    example: {
      alias: 'TestBrowser01',
      kind: 'browser',
      driver: 'playwright',
      launch: { mode: 'ephemeral' },
    },
  });
}

export const ProxyChange = z
  .strictObject({
    proxy: Proxy.nullable().openapi({
      description: 'The new proxy; null to connect directly.',
    }),
  })
  .openapi('ProxyChange', { example: { proxy: null } });

export const RuntimePath = z.object({
  id: z.string().openapi({ description: "The workspace's id or name.", example: 'default' }),
  alias: z.string().openapi({
    description: "The runtime's id or alias. An alias means the newest runtime with that alias.",
    example: 'TestBrowser01',
  }),
});

export const RuntimeStatusFilter = z.enum(RUNTIME_STATUSES).optional();

const Connection = z
  .object({
    cdpUrl: z.string().openapi({
      description:
        'For the Chrome DevTools Protocol: Puppeteer `connect`, Playwright `connectOverCDP`, Stagehand. With `http` in place of `ws`, the URL serves `/json/version` and similar paths.',
    }),
    playwrightUrl: z.string().openapi({
      description:
        "For Playwright's own protocol: `chromium.connect`, with the same major and minor version of Playwright as the service.",
    }),
    webdriverUrl: z.string().openapi({
      description:
        'For W3C WebDriver, with BiDi: Selenium `usingServer`, webdriverio. A session attaches to the running browser.',
    }),
    mcpUrl: z.string().openapi({
      description:
        "For MCP over Streamable HTTP, with Playwright's tools on this runtime. Meant for clients that cannot send headers.",
    }),
    expiresAt: z.iso.datetime().openapi({
      description: 'When the URLs stop accepting new connections. Open connections stay open.',
    }),
  })
  .openapi('Connection', {
    description: 'The connection URLs. Each contains a credential: keep them secret.',
  });

const Failure = z
  .object({ code: z.enum(FAILURE_CODES), message: z.string() })
  .openapi('RuntimeFailure');

const Warning = z
  .object({
    code: z.enum(['captcha.no_solver']),
    message: z.string(),
    kinds: z
      .array(z.enum(CAPTCHA_KINDS))
      .openapi({ description: 'The kinds of captchas that the service cannot solve.' }),
  })
  .openapi('RuntimeWarning');

const Summary = z
  .object({
    browserRunning: z.boolean().openapi({ description: 'Whether the browser is running now.' }),
    currentDriver: z.string().nullable(),
    defaultContextId: z
      .string()
      .nullable()
      .openapi({ description: 'The CDP browserContextId of the default context.' }),
    defaultPageId: z
      .string()
      .nullable()
      .openapi({ description: "The CDP targetId of the default context's first page." }),
    launchMode: z.enum(LAUNCH_MODES),
    profileId: z.uuid().nullable(),
    storageWorkspace: z.string().nullable(),
  })
  .partial()
  .openapi('RuntimeSummary');

const Usage = z
  .object({
    bytesIn: z
      .int()
      .openapi({ description: 'How many bytes the browser received.', example: 1_204_881 }),
    bytesOut: z.int().openapi({ description: 'How many bytes the browser sent.', example: 20_114 }),
    connections: z
      .int()
      .openapi({ description: 'How many connections the browser opened.', example: 12 }),
  })
  .openapi('Usage', {
    description: 'The traffic of the browser since the last start, accurate to a second.',
  });

export const RuntimeUsage = z
  .object({
    runtimeId: z.uuid(),
    generation: z.int().openapi({
      description:
        'The run that this usage belongs to, which is the latest one. The usage of earlier runs is not kept.',
      example: 1,
    }),
    startedAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Null if the runtime is not running yet.' }),
    stoppedAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Null if the runtime has not ended.' }),
    durationMs: z.int().openapi({
      description: 'How long the runtime ran, or has been running until now.',
      example: 61_250,
    }),
    ...Usage.shape,
  })
  .openapi('RuntimeUsage');

/**
 * The fields up to `workspaceId` are those of the published contract. The optional ones after it
 * depend on the status.
 */
export const RuntimeBody = z
  .object({
    alias: z.string(),
    createdAt: z.iso.datetime(),
    driver: z.string(),
    id: z.uuid(),
    kind: z.enum(['browser', 'desktop', 'spreadsheet']),
    status: z.enum(RUNTIME_STATUSES),
    summary: Summary.optional(),
    updatedAt: z.iso.datetime(),
    workspaceId: z.uuid(),
    connection: Connection.optional().openapi({
      description:
        'Present while clients can connect to the runtime, if the key has the scope `runtimes:connect`.',
    }),
    generation: z.int().openapi({ description: 'How many times the runtime has been started.' }),
    idleTimeoutSeconds: z.int(),
    maxDurationSeconds: z.int(),
    startedAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'When the runtime started running.' }),
    lastActivityAt: z.iso.datetime().nullable().openapi({
      description: 'When a client was last active, accurate to a second.',
    }),
    expiresAt: z.iso.datetime().nullable().openapi({
      description: 'When `maxDurationSeconds` will have passed, and the runtime ends.',
    }),
    stoppedAt: z.iso.datetime().nullable(),
    proxy: z
      .object({ type: z.enum(PROXY_TYPES), host: z.string(), port: z.int() })
      .nullable()
      .openapi({
        description: 'The proxy that the browser uses now; null if it connects directly.',
      }),
    egress: EgressRules.optional(),
    recording: RecordingOptions.optional().openapi({
      description: 'How the runtime is recorded; absent if it is not.',
    }),
    extensions: z
      .array(
        z.object({
          id: z.uuid(),
          name: z.string(),
          version: z.string(),
          runtimeExtensionId: z.string(),
        }),
      )
      .openapi({
        description: 'The extensions that are loaded in the browser, in this order.',
      }),
    usage: Usage,
    stopReason: z
      .enum(STOP_REASONS)
      .optional()
      .openapi({ description: 'Why the runtime ended; present if it is `stopped`.' }),
    failure: Failure.optional().openapi({
      description: 'Why the runtime failed; present if it is `failed`.',
    }),
    warnings: z.array(Warning).optional().openapi({
      description:
        'What the service can do only in part for this runtime; present while it is active.',
    }),
  })
  .openapi('Runtime');

export const RuntimeList = z
  .object({ runtimes: z.array(RuntimeBody), nextCursor })
  .openapi('RuntimeList');

export function toRuntimeBody(
  runtime: Runtime,
  connection: z.infer<typeof Connection> | undefined,
): z.infer<typeof RuntimeBody> {
  const { launch, warnings } = runtime;
  return {
    alias: runtime.alias,
    createdAt: runtime.createdAt.toISOString(),
    driver: runtime.driver,
    id: runtime.id,
    kind: runtime.kind,
    status: statusOf(runtime.state),
    summary: {
      browserRunning: runtime.state === 'running',
      currentDriver: runtime.currentDriver ?? null,
      defaultContextId: runtime.defaultContextId ?? null,
      defaultPageId: runtime.defaultPageId ?? null,
      launchMode: launch.mode,
      profileId: launch.mode === 'profile' ? launch.profileId : null,
      storageWorkspace: runtime.storageWorkspace ?? null,
    },
    updatedAt: runtime.updatedAt.toISOString(),
    workspaceId: runtime.workspaceId,
    generation: runtime.generation,
    idleTimeoutSeconds: runtime.idleTimeoutSeconds,
    maxDurationSeconds: runtime.maxDurationSeconds,
    ...datesOf(runtime),
    proxy: runtime.proxy ?? null,
    extensions: runtime.extensions,
    usage: runtime.usage,
    ...wishesOf(runtime),
    ...(connection && { connection }),
    ...(runtime.stopReason && { stopReason: runtime.stopReason }),
    ...(runtime.failure && { failure: runtime.failure }),
    ...(warnings.length > 0 && {
      warnings: warnings.map(({ kinds, ...warning }) => ({ ...warning, kinds: [...kinds] })),
    }),
  };
}

/** What was asked for beside the browser itself. */
function wishesOf({ egress, recording }: Runtime) {
  return { ...(egress && { egress }), ...(recording && { recording }) };
}

export function toUsageBody(runtime: Runtime): z.infer<typeof RuntimeUsage> {
  const { id: runtimeId, generation, startedAt, stoppedAt, usage } = runtime;
  return {
    runtimeId,
    generation,
    startedAt: startedAt?.toISOString() ?? null,
    stoppedAt: stoppedAt?.toISOString() ?? null,
    durationMs: durationMsOf(runtime, new Date()),
    ...usage,
  };
}

function datesOf({ startedAt, lastActivityAt, expiresAt, stoppedAt }: Runtime) {
  return {
    startedAt: startedAt?.toISOString() ?? null,
    lastActivityAt: lastActivityAt?.toISOString() ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
    stoppedAt: stoppedAt?.toISOString() ?? null,
  };
}
