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
          'Your name for the runtime. Only one active runtime of a workspace can have it.',
      }),
      driver: z.enum(DRIVERS).default('playwright').openapi({
        description: 'How you want to control the browser. All drivers reach the same browser.',
      }),
      kind: z.literal('browser'),
      launch: launchWith(extensions),
      idleTimeoutSeconds: z.int().min(1).max(ceilings.idleTimeoutSeconds).optional().openapi({
        description: 'The runtime ends after this time without traffic from a client.',
      }),
      maxDurationSeconds: z.int().min(1).max(ceilings.maxDurationSeconds).optional().openapi({
        description: 'The runtime ends this long after its browser came up, whatever happens.',
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
      description: 'The new proxy; null sends the traffic directly.',
    }),
  })
  .openapi('ProxyChange', { example: { proxy: null } });

export const RuntimePath = z.object({
  id: z.string().openapi({ description: "The workspace's id or name.", example: 'default' }),
  alias: z.string().openapi({
    description: "The runtime's id, or its alias, which means the newest runtime with that alias.",
    example: 'TestBrowser01',
  }),
});

export const RuntimeStatusFilter = z.enum(RUNTIME_STATUSES).optional();

const Connection = z
  .object({
    cdpUrl: z.string().openapi({
      description:
        'Chrome DevTools Protocol: Puppeteer `connect`, Playwright `connectOverCDP`, Stagehand. The http form of the URL serves `/json/version` and the like.',
    }),
    playwrightUrl: z.string().openapi({
      description:
        "Playwright's own protocol: `chromium.connect`, from a Playwright of the same major and minor version.",
    }),
    webdriverUrl: z.string().openapi({
      description:
        'W3C WebDriver, with BiDi: Selenium `usingServer`, webdriverio. A session attaches to the running browser.',
    }),
    mcpUrl: z.string().openapi({
      description:
        "MCP over Streamable HTTP: Playwright's tools on this runtime, for clients that send no headers.",
    }),
    expiresAt: z.iso.datetime().openapi({
      description: 'When the URLs stop accepting new connections. Open connections stay.',
    }),
  })
  .openapi('Connection', {
    description: 'The connection URLs. Each contains the credential: keep them secret.',
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
      .openapi({ description: 'The kinds of captchas that are not solved.' }),
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
    bytesIn: z.int().openapi({ description: 'What the browser received.', example: 1_204_881 }),
    bytesOut: z.int().openapi({ description: 'What the browser sent.', example: 20_114 }),
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
        'Which start of the runtime this usage belongs to: the last. The usage of earlier ones is not kept.',
      example: 1,
    }),
    startedAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Null if the runtime is not up yet.' }),
    stoppedAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Null if the runtime is not over.' }),
    durationMs: z.int().openapi({
      description: 'How long the runtime was up, or has been up until now.',
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
        'Present while clients can connect to the runtime, for keys with the scope `runtimes:connect`.',
    }),
    generation: z.int().openapi({ description: 'How often the runtime was started.' }),
    idleTimeoutSeconds: z.int(),
    maxDurationSeconds: z.int(),
    startedAt: z.iso.datetime().nullable().openapi({ description: 'When the runtime came up.' }),
    lastActivityAt: z.iso.datetime().nullable().openapi({
      description: 'When a client was last active, accurate to a second.',
    }),
    expiresAt: z.iso.datetime().nullable().openapi({
      description: 'When `maxDurationSeconds` is over.',
    }),
    stoppedAt: z.iso.datetime().nullable(),
    proxy: z
      .object({ type: z.enum(PROXY_TYPES), host: z.string(), port: z.int() })
      .nullable()
      .openapi({ description: 'The proxy that the traffic goes through now.' }),
    egress: EgressRules.optional(),
    recording: RecordingOptions.optional().openapi({
      description: 'What is recorded of it; absent: nothing.',
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
        description: 'The extensions that are loaded in the browser now, in this order.',
      }),
    usage: Usage,
    stopReason: z
      .enum(STOP_REASONS)
      .optional()
      .openapi({ description: 'Why the runtime is `stopped`.' }),
    failure: Failure.optional().openapi({ description: 'Why the runtime is `failed`.' }),
    warnings: z.array(Warning).optional().openapi({
      description: 'What the service can do only in part, while the runtime is active.',
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
