import type { Context } from 'hono';
import { except } from 'hono/combine';
import type { Logger } from 'pino';
import type { Database } from '../../db/client.ts';
import type {
  AuditTrail,
  BrowserProfiles,
  CapacityHistory,
  Diagnosis,
  Extensions,
  NodeControl,
  ProfileTransfers,
  Files,
  Operations,
  RuntimeFiles,
  RuntimeManager,
  Webhooks,
} from '../../runtime-manager/index.ts';
import type { ApiKeys, Workspaces } from '../../runtime-manager/runtime/index.ts';
import { createAllowedMethods } from './allowed-methods.ts';
import { ApiError, toErrorAnswer, type ErrorBody } from './errors.ts';
import type { IdempotentAnswers } from './idempotent-answers.ts';
import type { Metrics } from './metrics.ts';
import { anticipateCreate } from '../middleware/anticipate.ts';
import { recordChanges } from '../middleware/audit.ts';
import { requireApiKey, type AuthParts } from '../middleware/auth.ts';
import { idempotency } from '../middleware/idempotency.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { requireOpen, type Door } from '../middleware/door.ts';
import { limitBody } from '../middleware/limit-body.ts';
import { limitRate } from '../middleware/rate-limit.ts';
import { wellFormedQuery } from '../middleware/well-formed-query.ts';
import { timeRequests } from '../middleware/time-requests.ts';
import { goFirst, type Precedes } from '../middleware/go-first.ts';
import { acceptSession } from '../middleware/session.ts';
import { requestContext } from '../middleware/request-context.ts';
import { traceRequest } from '../middleware/trace-request.ts';
import { dropUnreadBody } from '../middleware/unread-body.ts';
import { createRouter, type ApiEnv } from './api-env.ts';
import { explainRefusals } from './request-issues.ts';
import { withJsonParameters } from './openapi.ts';
import { createOperationOf } from './operations.ts';
import { TAGS } from './tags.ts';
import { withWordedDefaults } from './worded-defaults.ts';
import type { PublicAddress } from './public-address.ts';
import { apiKeyRoutes } from '../routes/api-keys.ts';
import { auditRoutes } from '../routes/audit.ts';
import { browserExtensionRoutes } from '../routes/browser-extensions.ts';
import { browserProfileRoutes } from '../routes/browser-profiles.ts';
import { capacityRoutes } from '../routes/capacity.ts';
import { captchaRoutes } from '../routes/captchas.ts';
import { connectRoutes } from '../routes/connect.ts';
import { connectOnceRoutes } from '../routes/connect-once.ts';
import { connectionRoutes } from '../routes/connections.ts';
import { consolePageRoutes } from '../routes/console-page.ts';
import { consoleSessionRoutes, type ConsoleSessionParts } from '../routes/console-session.ts';
import { controlRoutes } from '../routes/control.ts';
import { docsRoutes } from '../routes/docs.ts';
import { doctorRoutes } from '../routes/doctor.ts';
import { eventRoutes } from '../routes/events.ts';
import { extensionUploadRoutes } from '../routes/extension-upload.ts';
import { fileContentRoutes } from '../routes/file-content.ts';
import { fileUploadRoutes } from '../routes/file-uploads.ts';
import { fileRoutes } from '../routes/files.ts';
import { liveEmbedRoutes } from '../routes/live-embed.ts';
import { liveFileRoutes } from '../routes/live-files.ts';
import { healthRoutes, type HealthParts, type JailStatus } from '../routes/health.ts';
import { livePageRoutes, type LivePageParts } from '../routes/live-page.ts';
import { MCP_PATHS, mcpRoutes, ticketedMcpRoutes } from '../routes/mcp.ts';
import { metricsRoutes, type MetricsParts } from '../routes/metrics.ts';
import { nodeRoutes } from '../routes/nodes.ts';
import { operationRoutes } from '../routes/operations.ts';
import { ONE_SHOT_PATHS, oneShotRoutes, type OneShotRouteParts } from '../routes/one-shots.ts';
import { profileVersionRoutes } from '../routes/profile-versions.ts';
import { profileTransferRoutes } from '../routes/profile-transfers.ts';
import { recordingPageRoutes } from '../routes/recording-page.ts';
import { rootRoutes } from '../routes/root.ts';
import { formStagingRoutes, stagingRoutes } from '../routes/file-staging.ts';
import { recordingContentRoutes } from '../routes/recording-content.ts';
import { recordingRoutes, type RecordingRouteParts } from '../routes/recordings.ts';
import { runtimeFileRoutes } from '../routes/runtime-files.ts';
import { runtimeProxyRoutes } from '../routes/runtime-proxy.ts';
import { runtimeRecordingRoutes } from '../routes/runtime-recording.ts';
import { runtimeUsageRoutes } from '../routes/runtime-usage.ts';
import { runtimeRoutes } from '../routes/runtimes.ts';
import { screenshotRoutes } from '../routes/screenshot.ts';
import { storageRoutes } from '../routes/storage.ts';
import type { RequestCeilings } from '../schemas/runtime.ts';
import { webhookDeliveryRoutes } from '../routes/webhook-deliveries.ts';
import { webhookRoutes } from '../routes/webhooks.ts';
import { workspaceRoutes } from '../routes/workspaces.ts';

/** A create passes whole over the message bus, which carries 1 MiB: https://docs.nats.io/running-a-nats-service/configuration#limits */
const BODY_MAX_BYTES = 1_000_000;
/** Where a client that knows only a host and a port looks for a browser. */
const DISCOVERY = /^\/json(?:\/|$)/;
const DISCOVERY_HINT =
  'Discovery works below the cdpUrl of a runtime, for example at <cdpUrl>/json/version: give the client that address, or its path.';

export interface AppParts
  extends AuthParts, LivePageParts, RecordingRouteParts, OneShotRouteParts, ConsoleSessionParts {
  door: Door;
  database: Database;
  apiKeys: ApiKeys;
  audit: AuditTrail;
  workspaces: Workspaces;
  runtimes: RuntimeManager;
  operations: Operations;
  browserProfiles: BrowserProfiles;
  files: Files;
  runtimeFiles: RuntimeFiles;
  profileTransfers: ProfileTransfers;
  extensions: Extensions;
  extensionMaxBytes: number;
  importMaxBytes: number;
  webhooks: Webhooks;
  answers: IdempotentAnswers;
  metrics: Metrics;
  /** Requests go before what can wait. */
  precedence: Precedes;
  /** Returns what the doctor finds. */
  diagnose: () => Promise<Diagnosis>;
  nodeControl: NodeControl;
  capacity: CapacityHistory;
  addressOf: PublicAddress;
  /** The most that a caller may ask for. */
  ceilings: RequestCeilings;
  metricsToken: string | undefined;
  /** How many requests each API key may make; 0 for no limit. */
  rateLimitPerMinute: number;
  /** What keeps browsers apart from the machine, and what this machine lacks for it; undefined without browsers. */
  jail: JailStatus | undefined;
  /** How messages to other processes fare; undefined where there are none. */
  bus: HealthParts['bus'];
  /** The version of this service. */
  version: string;
  log: Logger;
}

export interface HealthAppParts extends HealthParts, MetricsParts {
  log: Logger;
}

/** Makes the routes of a process that has no clients. */
export function createHealthApp(parts: HealthAppParts) {
  const app = createRouter();
  app.onError((error, c) => answerError(c, error, parts.log));
  app.use(dropUnreadBody, requestContext(parts.log));
  app.route('/', healthRoutes(parts));
  app.route('/', metricsRoutes(parts));
  return app;
}

/** Makes all routes, apart from websocket upgrades. While the door is shut, only health answers. */
export function createApp(parts: AppParts) {
  const { addressOf, log } = parts;
  explainRefusals();
  const app = createRouter();

  app.onError((error, c) => answerError(c, error, log));

  app.use(dropUnreadBody, traceRequest, requestContext(log));
  app.route('/', healthRoutes(parts));
  app.use(requireOpen(parts.door));
  app.route('/', metricsRoutes(parts));
  app.route('/', rootRoutes(parts));
  app.route('/', docsRoutes());
  const operationOf = createOperationOf(app);
  const recorded = recordChanges({ ...parts, operationOf });
  app.use('/console/session', recorded);
  const first = goFirst(parts.precedence);
  app.use('/v1/*', first, timeRequests(parts.metrics, operationOf), recorded);
  app.route('/', consoleSessionRoutes(parts));
  app.route('/', consolePageRoutes());
  app.route('/', livePageRoutes(parts));
  app.route('/', recordingPageRoutes(parts));
  app.route('/', ticketedMcpRoutes({ ...parts, bodyMaxBytes: BODY_MAX_BYTES }));
  app.route('/', connectRoutes(parts));
  app.route('/', liveFileRoutes(parts));
  app.route('/', recordingContentRoutes(parts));
  const limit = limitRate(parts.rateLimitPerMinute);
  app.get('/v1/workspaces/:id/connect', anticipateCreate(parts));
  app.route('/', connectOnceRoutes({ ...parts, limit }));
  // What programs connect to takes no session: all above, and MCP.
  app.use('/v1/*', except([...MCP_PATHS], acceptSession(parts)));
  app.post('/v1/workspaces/:id/runtimes', anticipateCreate(parts));
  for (const path of ONE_SHOT_PATHS) app.post(path, anticipateCreate(parts));
  app.use('/v1/*', requireApiKey(parts), limit, wellFormedQuery);
  // Pages are larger than other bodies, and no answer is kept.
  app.route('/', oneShotRoutes(parts));
  // These store bodies as they arrive, so they come before the limit for bodies held in memory.
  app.route('/', profileTransferRoutes(parts));
  app.route('/', extensionUploadRoutes(parts));
  app.route('/', fileUploadRoutes(parts));
  app.route('/', formStagingRoutes(parts));
  app.use('/v1/*', limitBody(BODY_MAX_BYTES), jsonOnly, idempotency(parts.answers));
  serveResources(app, parts);
  const document = (address: string) => referenceOf(app, address);
  app.route('/', mcpRoutes({ ...parts, app: { fetch: app.fetch, document } }));

  serveReference(app, addressOf);
  const methodsOf = createAllowedMethods(app);
  app.notFound((c) => answerError(c, noSuchRoute(c.req, methodsOf(c.req.path)), log));
  return app;
}

/** What requests and answers of JSON are about. */
function serveResources(app: ReturnType<typeof createRouter>, parts: AppParts): void {
  app.route('/', workspaceRoutes(parts));
  app.route('/', runtimeRoutes(parts));
  app.route('/', operationRoutes(parts));
  app.route('/', runtimeProxyRoutes(parts));
  app.route('/', runtimeUsageRoutes(parts));
  app.route('/', runtimeFileRoutes(parts));
  app.route('/', stagingRoutes(parts));
  app.route('/', captchaRoutes(parts));
  app.route('/', controlRoutes(parts));
  app.route('/', screenshotRoutes(parts));
  app.route('/', eventRoutes(parts));
  app.route('/', webhookRoutes(parts));
  app.route('/', webhookDeliveryRoutes(parts));
  app.route('/', connectionRoutes(parts));
  app.route('/', liveEmbedRoutes(parts));
  app.route('/', runtimeRecordingRoutes(parts));
  app.route('/', recordingRoutes(parts));
  app.route('/', browserProfileRoutes(parts));
  app.route('/', profileVersionRoutes(parts));
  app.route('/', browserExtensionRoutes(parts));
  app.route('/', storageRoutes(parts));
  app.route('/', fileRoutes(parts));
  app.route('/', fileContentRoutes(parts));
  app.route('/', apiKeyRoutes(parts));
  app.route('/', auditRoutes(parts));
  app.route('/', nodeRoutes(parts));
  app.route('/', capacityRoutes(parts));
  app.route('/', doctorRoutes(parts));
}

/** Serves the OpenAPI document of all routes. */
function serveReference(app: ReturnType<typeof createRouter>, addressOf: PublicAddress): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearerAuth', {
    type: 'http',
    scheme: 'bearer',
    description: 'Use Bearer <api key>.',
  });
  app.get('/openapi.json', (c) => c.json(referenceOf(app, addressOf(c))));
}

function referenceOf(app: ReturnType<typeof createRouter>, address: string) {
  const reference = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'bctrl API',
      version: '1.0.0',
      description: 'Real Chromium browsers for programs, over HTTP.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      contact: { name: 'The operator of this service', url: address },
    },
    servers: [{ url: address }],
    tags: TAGS,
  });
  return withWordedDefaults(withJsonParameters(reference));
}

function noSuchRoute(
  { method, path }: { method: string; path: string },
  allow: string[],
): ApiError {
  if (allow.length === 0 || allow.includes(method)) {
    const hint = DISCOVERY.test(path) ? DISCOVERY_HINT : 'GET /docs lists them.';
    return new ApiError('route.not_found', 'No such route.', { hint });
  }
  const message = `This URL does not support ${method}. It supports ${allow.join(', ')}.`;
  return new ApiError('route.method_not_allowed', message, { allow });
}

/** https://www.w3.org/TR/webdriver2/#handling-errors */
const WEBDRIVER_ERRORS: Partial<Record<ErrorBody['code'], string>> = {
  'connection.not_found': 'unknown command',
  'connection.unsupported': 'session not created',
  'runtime.not_active': 'invalid session id',
};

function webdriverError({ error, code }: ErrorBody) {
  const word = WEBDRIVER_ERRORS[code] ?? 'unknown error';
  return { error: word, message: error, stacktrace: code };
}

function answerError(c: Context<ApiEnv>, error: unknown, log: Logger): Response {
  const { status, headers, body } = toErrorAnswer(error, c.var.requestId, log);
  c.set('errorCode', body.code);
  return c.json(c.var.webdriver ? { ...body, value: webdriverError(body) } : body, status, headers);
}
