import { statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type {
  CaptchaOptions,
  PortAddress,
  S3Options,
  TimeLimits,
  WarmPoolSize,
} from '../runtime-manager/index.ts';
import { Environment, type LOG_LEVELS } from './environment.ts';

const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN_BYTES = 1024 ** 3;

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
const POSTGRES_PORT = 5432;
/** What solvers ask their clients to leave between two questions. */
const CAPTCHA_POLL_MS = 3000;
const CAPTCHA_REQUEST_TIMEOUT_MS = 15_000;

/** What Chromium may know of the service's environment. */
const BROWSER_ENV = /^(PATH|LANG|LANGUAGE|LC_\w+|TZ|FONTCONFIG_\w+)$/;

export interface Config {
  port: number;
  host: string;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Undefined: the embedded Postgres is used. */
  databaseUrl: string | undefined;
  dataDir: string;
  /** Under which each service makes a directory for its browsers. */
  browserDir: string;
  apiKey: string | undefined;
  chromiumPath: string | undefined;
  chromedriverPath: string | undefined;
  publicUrl: string | undefined;
  trustedProxies: string[];
  browserEnv: Record<string, string>;
  searchPath: string;
  launchTimeoutMs: number;
  ticketTtlMs: number;
  maxRuntimesPerOrganization: number;
  memoryFloorBytes: number;
  /** How many browsers are launched ahead. */
  warm: WarmPoolSize;
  admission: { maxRuntimes: number; maxLaunches: number; maxQueue: number; queueTimeoutMs: number };
  /** What a runtime gets that does not say, and what it may ask for at most. */
  timeLimits: TimeLimits;
  ceilings: { timeLimits: TimeLimits; extensions: number };
  healthCheck: { intervalMs: number; timeoutMs: number };
  shutdownGraceMs: number;
  keepEvents: { perRuntime: number; ageMs: number };
  metricsToken: string | undefined;
  proxyTimeoutMs: number;
  /** What a command of a client may be delayed by in a humanized runtime. */
  humanizeMaxDelayMs: number;
  captchas: CaptchaOptions;
  /** What of the machine and the networks around it browsers may reach. */
  egressAllow: string[];
  /** What the service lives from, and browsers never reach. */
  ownServices: PortAddress[];
  /** Undefined: one is generated and kept in the data directory. */
  encryptionKey: string | undefined;
  /** Undefined: archives are kept in the data directory. */
  s3: S3Options | undefined;
  /** 0 for never. */
  saveIntervalMs: number;
  importMaxBytes: number;
  extensionMaxBytes: number;
  keepVersions: { count: number; ageMs: number };
  /** `BCTRL_*` variables that mean nothing, most likely misspelt. */
  unknownVariables: string[];
}

/** Throws one sentence that names every invalid variable, and no value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // Compose files pass variables nobody set as empty strings.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw new Error(describe(parsed.error));
  const values = parsed.data;
  return {
    port: values.PORT,
    host: values.HOST,
    logLevel: values.LOG_LEVEL,
    databaseUrl: values.DATABASE_URL,
    dataDir: resolve(values.BCTRL_DATA_DIR),
    browserDir: resolve(values.BCTRL_BROWSER_DIR ?? defaultBrowserDir()),
    apiKey: values.BCTRL_API_KEY,
    chromiumPath: values.CHROMIUM_PATH,
    chromedriverPath: values.CHROMEDRIVER_PATH,
    publicUrl: values.BCTRL_PUBLIC_URL,
    trustedProxies: values.BCTRL_TRUSTED_PROXIES,
    browserEnv: pick(env, BROWSER_ENV),
    searchPath: env['PATH'] ?? '',
    ...runtimeLimits(values),
    ...profileOptions(values),
    metricsToken: values.BCTRL_METRICS_TOKEN,
    proxyTimeoutMs: values.BCTRL_PROXY_TIMEOUT_MS,
    humanizeMaxDelayMs: values.BCTRL_HUMANIZE_MAX_DELAY_MS,
    captchas: captchaOptions(values),
    // Who reaches a service on loopback is at this machine, and reaches everything else from there.
    egressAllow: values.BCTRL_EGRESS_ALLOW ?? (isLoopback(values.HOST) ? ['*'] : []),
    ownServices: values.DATABASE_URL === undefined ? [] : [portAddress(values.DATABASE_URL)],
    encryptionKey: values.BCTRL_ENCRYPTION_KEY,
    shutdownGraceMs: values.BCTRL_SHUTDOWN_GRACE_MS,
    unknownVariables: Object.keys(given).filter(
      (name) => name.startsWith('BCTRL_') && !(name in Environment.shape),
    ),
  };
}

/** The directory that is a node's alone. */
export function browserRoot({ browserDir }: Pick<Config, 'browserDir'>, nodeId: string): string {
  return join(browserDir, `bctrl-${nodeId.slice(0, 8)}`);
}

function runtimeLimits(values: z.infer<typeof Environment>) {
  const timeLimits = {
    idleTimeoutSeconds: values.BCTRL_IDLE_TIMEOUT_SECONDS,
    maxDurationSeconds: values.BCTRL_MAX_DURATION_SECONDS,
  };
  return {
    launchTimeoutMs: values.BCTRL_LAUNCH_TIMEOUT_MS,
    ticketTtlMs: values.BCTRL_TICKET_TTL_SECONDS * 1000,
    maxRuntimesPerOrganization: values.BCTRL_MAX_RUNTIMES_PER_ORGANIZATION,
    memoryFloorBytes: values.BCTRL_MEMORY_FLOOR_MB * MIB,
    warm: {
      min: Math.min(values.BCTRL_WARM_MIN, values.BCTRL_WARM_MAX),
      max: values.BCTRL_WARM_MAX,
    },
    admission: {
      maxRuntimes: values.BCTRL_MAX_RUNTIMES,
      maxLaunches: availableParallelism(),
      maxQueue: values.BCTRL_QUEUE_MAX,
      queueTimeoutMs: values.BCTRL_QUEUE_TIMEOUT_MS,
    },
    timeLimits,
    // What is the default may also be asked for.
    ceilings: {
      timeLimits: {
        idleTimeoutSeconds: Math.max(
          timeLimits.idleTimeoutSeconds,
          values.BCTRL_IDLE_TIMEOUT_CEILING_SECONDS,
        ),
        maxDurationSeconds: Math.max(
          timeLimits.maxDurationSeconds,
          values.BCTRL_MAX_DURATION_CEILING_SECONDS,
        ),
      },
      extensions: values.BCTRL_EXTENSIONS_PER_RUNTIME,
    },
    healthCheck: {
      intervalMs: values.BCTRL_HEALTH_INTERVAL_MS,
      timeoutMs: values.BCTRL_HEALTH_TIMEOUT_MS,
    },
    keepEvents: {
      perRuntime: values.BCTRL_EVENTS_PER_RUNTIME,
      ageMs: values.BCTRL_EVENTS_AGE_DAYS * DAY_MS,
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

function portAddress(databaseUrl: string): PortAddress {
  const { hostname, port } = new URL(databaseUrl);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || POSTGRES_PORT) };
}

function profileOptions(values: z.infer<typeof Environment>) {
  return {
    s3: s3Options(values),
    importMaxBytes: values.BCTRL_IMPORT_MAX_MB * MIB,
    extensionMaxBytes: values.BCTRL_EXTENSION_MAX_MB * MIB,
    saveIntervalMs: values.BCTRL_PROFILE_SAVE_INTERVAL * 1000,
    keepVersions: {
      count: values.BCTRL_PROFILE_VERSIONS,
      ageMs: values.BCTRL_PROFILE_VERSIONS_AGE_DAYS * DAY_MS,
    },
  };
}

function s3Options(values: z.infer<typeof Environment>): S3Options | undefined {
  const { BCTRL_S3_BUCKET: bucket, BCTRL_S3_ACCESS_KEY_ID: accessKeyId } = values;
  const secretAccessKey = values.BCTRL_S3_SECRET_ACCESS_KEY;
  if (bucket === undefined) return undefined;
  return {
    bucket,
    endpoint: values.BCTRL_S3_ENDPOINT,
    region: values.BCTRL_S3_REGION,
    prefix: values.BCTRL_S3_PREFIX,
    forcePathStyle: values.BCTRL_S3_FORCE_PATH_STYLE === 'true',
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey },
  };
}

/** Both of address and key, or there is no solver. */
function captchaOptions(values: z.infer<typeof Environment>): CaptchaOptions {
  const { BCTRL_CAPTCHA_URL: url, BCTRL_CAPTCHA_KEY: key } = values;
  if ((url === undefined) !== (key === undefined)) {
    throw new Error('BCTRL_CAPTCHA_URL and BCTRL_CAPTCHA_KEY go together: set both, or neither.');
  }
  const solver =
    url === undefined || key === undefined
      ? undefined
      : {
          url,
          key,
          pollIntervalMs: CAPTCHA_POLL_MS,
          requestTimeoutMs: CAPTCHA_REQUEST_TIMEOUT_MS,
        };
  return {
    solver,
    attempts: values.BCTRL_CAPTCHA_ATTEMPTS,
    solvesPerRuntime: values.BCTRL_CAPTCHA_SOLVES_PER_RUNTIME,
    solveTimeoutMs: values.BCTRL_CAPTCHA_TIMEOUT_MS,
  };
}

/** Memory where there is enough: faster, and what an ephemeral browser wrote never reaches a disk. */
function defaultBrowserDir(): string {
  try {
    const { bsize, blocks } = statfsSync(SHARED_MEMORY);
    return bsize * blocks >= SHARED_MEMORY_MIN_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

function pick(env: NodeJS.ProcessEnv, names: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && names.test(name)) picked[name] = value;
  }
  return picked;
}

function describe(error: z.ZodError): string {
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return `Invalid environment variable ${problems.join('; ')}.`;
}
