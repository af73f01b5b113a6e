import { bodyLimit } from 'hono/body-limit';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { Database } from '../db/client.ts';
import type { SecretBox } from '../db/secret-box.ts';
import type {
  DoctorReport,
  EgressPolicy,
  Extensions,
  Profiles,
  RuntimeManager,
  StateConverter,
} from '../runtime-manager/index.ts';
import { ApiError, toErrorAnswer, type ErrorBody } from './errors.ts';
import type { IdempotentAnswers } from './idempotent-answers.ts';
import type { Metrics } from './metrics.ts';
import { requireApiKey } from './middleware/auth.ts';
import { idempotency } from './middleware/idempotency.ts';
import { jsonOnly } from './middleware/json-only.ts';
import { requestContext } from './middleware/request-context.ts';
import { createRouter, type ApiEnv } from './router.ts';
import type { PublicAddress } from './public-address.ts';
import { browserExtensionRoutes } from './routes/browser-extensions.ts';
import { browserProfileRoutes } from './routes/browser-profiles.ts';
import { captchaRoutes } from './routes/captchas.ts';
import { connectRoutes } from './routes/connect.ts';
import { connectionRoutes } from './routes/connections.ts';
import { docsRoutes } from './routes/docs.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { eventRoutes } from './routes/events.ts';
import { extensionUploadRoutes } from './routes/extension-upload.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { profileVersionRoutes } from './routes/profile-versions.ts';
import { profileTransferRoutes } from './routes/profile-transfers.ts';
import { runtimeProxyRoutes } from './routes/runtime-proxy.ts';
import { runtimeRoutes } from './routes/runtimes.ts';
import type { RequestCeilings } from './schemas/runtime.ts';
import { workspaceRoutes } from './routes/workspaces.ts';

const BODY_MAX_BYTES = 1024 * 1024;
const TAGS = [
  'Runtimes',
  'Connections',
  'Events',
  'Captchas',
  'Browser profiles',
  'Browser extensions',
  'Workspaces',
  'Health',
];

export interface AppParts {
  database: Database;
  runtimes: RuntimeManager;
  profiles: Profiles;
  extensions: Extensions;
  egressPolicy: EgressPolicy;
  extensionMaxBytes: number;
  secrets: SecretBox;
  states: StateConverter;
  /** Where uploads lie until they are taken. */
  uploadDir: string;
  importMaxBytes: number;
  answers: IdempotentAnswers;
  metrics: Metrics;
  /** What the doctor finds. */
  examine: () => Promise<DoctorReport>;
  addressOf: PublicAddress;
  /** The most that a caller may ask for. */
  ceilings: RequestCeilings;
  metricsToken: string | undefined;
  log: Logger;
}

/** The whole HTTP surface, apart from websocket upgrades. */
export function createApp(parts: AppParts) {
  const { database, runtimes, addressOf, log } = parts;
  const app = createRouter();
  const { db } = database;

  app.onError((error, c) => answerError(c, error, log));
  app.notFound((c) => answerError(c, new ApiError('route.not_found', 'No such route.'), log));

  app.use(requestContext(log));
  app.route('/', healthRoutes({ database, runtimes }));
  app.route('/', metricsRoutes(parts));
  app.route('/', docsRoutes());
  app.route('/', connectRoutes({ db, runtimes, addressOf }));
  app.use('/v1/*', requireApiKey(db));
  // Before the limits of what is held in memory.
  app.route('/', profileTransferRoutes({ ...parts, db }));
  app.route('/', extensionUploadRoutes(parts));
  app.use('/v1/*', limitBody(), jsonOnly, idempotency(parts.answers));
  app.route('/', workspaceRoutes({ db, runtimes }));
  app.route('/', runtimeRoutes(parts));
  app.route('/', runtimeProxyRoutes(parts));
  app.route('/', captchaRoutes(parts));
  app.route('/', eventRoutes({ runtimes }));
  app.route('/', connectionRoutes({ runtimes, addressOf }));
  app.route('/', browserProfileRoutes({ ...parts, db }));
  app.route('/', profileVersionRoutes({ ...parts, db }));
  app.route('/', browserExtensionRoutes(parts));
  app.route('/', doctorRoutes(parts));

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearerAuth', {
    type: 'http',
    scheme: 'bearer',
    description: 'Use Bearer <api key>.',
  });
  app.doc31('/openapi.json', (c) => ({
    openapi: '3.1.0',
    info: {
      title: 'bctrl API',
      version: '1.0.0',
      description: 'Real Chromium browsers for programs, over HTTP.',
    },
    servers: [{ url: addressOf(c) }],
    tags: TAGS.map((name) => ({ name })),
  }));
  return app;
}

function limitBody() {
  return bodyLimit({
    maxSize: BODY_MAX_BYTES,
    onError: () => {
      throw new ApiError('request.too_large', `A body has at most ${BODY_MAX_BYTES} bytes.`);
    },
  });
}

/** https://www.w3.org/TR/webdriver2/#handling-errors */
function webdriverError({ error, code }: ErrorBody) {
  return { error: 'unknown error', message: error, stacktrace: code };
}

function answerError(c: Context<ApiEnv>, error: unknown, log: Logger): Response {
  const { status, headers, body } = toErrorAnswer(error, c.var.requestId, log);
  return c.json(c.var.webdriver ? { ...body, value: webdriverError(body) } : body, status, headers);
}
