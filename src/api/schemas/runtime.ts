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
import { BrowserConfig, EgressRules, extensionIdsUpTo, Proxy } from './browser-config.ts';
import { nextCursor } from './paging.ts';

const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const Alias = z
  .string()
  .regex(
    ALIAS,
    'Up to 128 letters, digits, dots, underscores and hyphens, with a letter or digit first',
  )
  .openapi({ example: 'TestBrowser01' });

const ProfileLaunch = z
  .strictObject({
    mode: z.literal('profile'),
    profileId: z.uuid(),
    readOnly: z.boolean().optional().openapi({
      description:
        'With a copy of the newest saved state, which is thrown away: beside the writer, any number of times.',
    }),
  })
  .openapi('ProfileLaunch', { description: 'A browser with the saved state of a profile.' });

const ephemeralLaunch = (maxExtensions: number) =>
  z
    .strictObject({
      mode: z.literal('ephemeral'),
      config: BrowserConfig.optional(),
      extensionIds: extensionIdsUpTo(maxExtensions).optional(),
    })
    .openapi('EphemeralLaunch', {
      description: 'A fresh browser without saved state, gone when the runtime stops.',
    });

/** The most that a caller may ask for. */
export interface RequestCeilings {
  timeLimits: TimeLimits;
  extensions: number;
}

/** What a create of a browser says. */
export function browserRuntime({ timeLimits: ceilings, extensions }: RequestCeilings) {
  return z
    .strictObject({
      alias: Alias.openapi({
        description: 'Your name for the runtime; one active runtime of a workspace has it.',
      }),
      driver: z.enum(DRIVERS).default('playwright').openapi({
        description: 'How you want to interact; all drivers reach the same browser.',
      }),
      kind: z.literal('browser'),
      launch: z
        .discriminatedUnion('mode', [ProfileLaunch, ephemeralLaunch(extensions)])
        .default({ mode: 'ephemeral' }),
      idleTimeoutSeconds: z.int().min(1).max(ceilings.idleTimeoutSeconds).optional().openapi({
        description: 'Ends after so long without traffic of a client.',
      }),
      maxDurationSeconds: z.int().min(1).max(ceilings.maxDurationSeconds).optional().openapi({
        description: 'Ends so long after it was up, whatever happens.',
      }),
      egress: EgressRules.optional(),
    })
    .openapi('CreateBrowserRuntime');
}

export function createRuntimeRequest(ceilings: RequestCeilings) {
  return z.discriminatedUnion('kind', [browserRuntime(ceilings)]).openapi('CreateRuntimeRequest');
}

export const ProxyChange = z
  .strictObject({
    proxy: Proxy.nullable().openapi({ description: 'null: the traffic goes directly.' }),
  })
  .openapi('ProxyChange');

export const RuntimePath = z.object({
  id: z.string().openapi({ description: "The workspace's id or name.", example: 'default' }),
  alias: z.string().openapi({
    description: "The runtime's alias, which means the newest of it, or its id.",
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
        "Playwright's own protocol: `chromium.connect`, of the same major and minor version.",
    }),
    webdriverUrl: z.string().openapi({
      description:
        'W3C WebDriver, with BiDi: Selenium `usingServer`, webdriverio. A session attaches to the browser.',
    }),
    expiresAt: z.iso.datetime().openapi({
      description: 'Until when new connections are accepted; those that are open stay.',
    }),
  })
  .openapi('Connection', {
    description: 'Each URL has the credential inside: keep them secret.',
  });

const Failure = z
  .object({ code: z.enum(FAILURE_CODES), message: z.string() })
  .openapi('RuntimeFailure');

const Warning = z
  .object({
    code: z.enum(['captcha.no_solver']),
    message: z.string(),
    kinds: z.array(z.enum(CAPTCHA_KINDS)).openapi({ description: 'Captchas that are not solved.' }),
  })
  .openapi('RuntimeWarning');

const Summary = z
  .object({
    browserRunning: z.boolean().openapi({ description: 'Whether the browser is up now.' }),
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

/**
 * What is required here is what the published contract requires; what is optional after `workspaceId` depends on the
 * status.
 */
const Usage = z
  .object({
    bytesIn: z.int().openapi({ description: 'What the browser received.', example: 1_204_881 }),
    bytesOut: z.int().openapi({ description: 'What the browser sent.', example: 20_114 }),
    connections: z.int().openapi({ description: 'How many connections it opened.', example: 12 }),
  })
  .openapi('Usage', {
    description: 'What went through its connections since it was last brought up, to a second.',
  });

export const RuntimeUsage = z
  .object({
    runtimeId: z.uuid(),
    generation: z.int().openapi({
      description: 'Which of its lives this is of: the last. Those before are not recorded.',
      example: 1,
    }),
    startedAt: z.iso.datetime().nullable().openapi({ description: 'Null: it was not up yet.' }),
    stoppedAt: z.iso.datetime().nullable().openapi({ description: 'Null: it is not over.' }),
    durationMs: z.int().openapi({ description: 'How long it was up, until now.', example: 61_250 }),
    ...Usage.shape,
  })
  .openapi('RuntimeUsage');

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
        'There as long as the runtime can be connected to, for keys with the scope `runtimes:connect`.',
    }),
    generation: z.int().openapi({ description: 'How often it was brought up.' }),
    idleTimeoutSeconds: z.int(),
    maxDurationSeconds: z.int(),
    startedAt: z.iso.datetime().nullable().openapi({ description: 'Since when it runs, or ran.' }),
    lastActivityAt: z.iso.datetime().nullable().openapi({
      description: 'When a client was last active, to a second.',
    }),
    expiresAt: z.iso.datetime().nullable().openapi({
      description: 'When its longest duration is over.',
    }),
    stoppedAt: z.iso.datetime().nullable(),
    proxy: z
      .object({ type: z.enum(PROXY_TYPES), host: z.string(), port: z.int() })
      .nullable()
      .openapi({ description: 'What its traffic goes through now.' }),
    egress: EgressRules.optional(),
    extensions: z
      .array(
        z.object({
          id: z.uuid(),
          name: z.string(),
          version: z.string(),
          runtimeExtensionId: z.string(),
        }),
      )
      .openapi({ description: 'What is loaded in its browser now, in this order.' }),
    usage: Usage,
    stopReason: z.enum(STOP_REASONS).optional().openapi({ description: 'Why it is `stopped`.' }),
    failure: Failure.optional().openapi({ description: 'Why the runtime is `failed`.' }),
    warnings: z.array(Warning).optional().openapi({
      description: 'What of the request is done in part, while the runtime is active.',
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
    ...(runtime.egress && { egress: runtime.egress }),
    ...(connection && { connection }),
    ...(runtime.stopReason && { stopReason: runtime.stopReason }),
    ...(runtime.failure && { failure: runtime.failure }),
    ...(warnings.length > 0 && {
      warnings: warnings.map(({ kinds, ...warning }) => ({ ...warning, kinds: [...kinds] })),
    }),
  };
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
