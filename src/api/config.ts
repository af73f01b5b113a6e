import { statfsSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  isRule,
  type PortAddress,
  type S3Options,
  type TimeLimits,
} from '../runtime-manager/index.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN_BYTES = 1024 ** 3;

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
const SECONDS_MAX = 365 * 86_400;
const RUNTIME_BYTES = 400 * MIB;
const RUNTIMES_PER_CORE = 16;
const POSTGRES_PORT = 5432;

/** What Chromium may know of the service's environment. */
const BROWSER_ENV = /^(PATH|LANG|LANGUAGE|LC_\w+|TZ|FONTCONFIG_\w+)$/;

/** Printable ASCII without spaces at its ends. */
const HEADER_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'not a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** Every variable the service reads; the table in README.md lists the same. */
export const Environment = z.object({
  PORT: integer(0, 65535).default(8787),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  CHROMIUM_PATH: z.string().optional(),
  CHROMEDRIVER_PATH: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  BCTRL_DATA_DIR: z.string().default('.bctrl'),
  BCTRL_BROWSER_DIR: z.string().optional(),
  BCTRL_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  BCTRL_TRUSTED_PROXIES: z
    .string()
    .transform((list) => list.split(',').map((range) => range.trim()))
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))
    .default([]),
  BCTRL_API_KEY: z
    .string()
    .regex(HEADER_TEXT, 'has characters that a header cannot carry')
    .optional(),
  BCTRL_LAUNCH_TIMEOUT_MS: integer(1000, 600_000).default(30_000),
  BCTRL_TICKET_TTL_SECONDS: integer(1, 30 * 86_400).default(86_400),
  BCTRL_MAX_RUNTIMES: integer(1, 10_000).default(defaultMaxRuntimes()),
  BCTRL_MAX_RUNTIMES_PER_ORGANIZATION: integer(0, 10_000).default(1000),
  BCTRL_MEMORY_FLOOR_MB: integer(0, 10_000_000).default(512),
  BCTRL_QUEUE_MAX: integer(0, 100_000).default(200),
  BCTRL_QUEUE_TIMEOUT_MS: integer(0, 600_000).default(10_000),
  BCTRL_IDLE_TIMEOUT_SECONDS: integer(1, SECONDS_MAX).default(1800),
  BCTRL_IDLE_TIMEOUT_CEILING_SECONDS: integer(1, SECONDS_MAX).default(86_400),
  BCTRL_MAX_DURATION_SECONDS: integer(1, SECONDS_MAX).default(86_400),
  BCTRL_MAX_DURATION_CEILING_SECONDS: integer(1, SECONDS_MAX).default(7 * 86_400),
  BCTRL_HEALTH_INTERVAL_MS: integer(100, 600_000).default(5000),
  BCTRL_HEALTH_TIMEOUT_MS: integer(100, 600_000).default(10_000),
  BCTRL_SHUTDOWN_GRACE_MS: integer(100, 600_000).default(25_000),
  BCTRL_EVENTS_PER_RUNTIME: integer(1, 1_000_000).default(1000),
  BCTRL_EVENTS_AGE_DAYS: integer(1, 3650).default(7),
  BCTRL_ENCRYPTION_KEY: z.string().min(16).optional(),
  BCTRL_PROFILE_SAVE_INTERVAL: integer(0, SECONDS_MAX).default(300),
  BCTRL_PROFILE_VERSIONS: integer(1, 10_000).default(20),
  BCTRL_PROFILE_VERSIONS_AGE_DAYS: integer(1, 36_500).default(365),
  BCTRL_IMPORT_MAX_MB: integer(1, 1_000_000).default(4096),
  BCTRL_EXTENSIONS_PER_RUNTIME: integer(0, 1000).default(16),
  BCTRL_EXTENSION_MAX_MB: integer(1, 10_000).default(64),
  BCTRL_S3_BUCKET: z.string().optional(),
  BCTRL_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  BCTRL_S3_REGION: z.string().default('us-east-1'),
  BCTRL_S3_PREFIX: z
    .string()
    .regex(/^(?:[\w.-]+\/)*$/, 'does not end in a slash')
    .default(''),
  BCTRL_S3_ACCESS_KEY_ID: z.string().optional(),
  BCTRL_S3_SECRET_ACCESS_KEY: z.string().optional(),
  BCTRL_S3_FORCE_PATH_STYLE: z.enum(['true', 'false']).default('true'),
  BCTRL_PROXY_TIMEOUT_MS: integer(100, 600_000).default(10_000),
  BCTRL_EGRESS_ALLOW: z
    .string()
    .transform((list) => list.split(',').map((rule) => rule.trim()))
    .pipe(z.array(z.string().refine(isRule, 'not an address, range or host name')))
    .optional(),
  BCTRL_METRICS_TOKEN: z
    .string()
    .regex(HEADER_TEXT, 'has characters that a header cannot carry')
    .optional(),
});

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
  admission: { maxRuntimes: number; maxLaunches: number; maxQueue: number; queueTimeoutMs: number };
  /** What a runtime gets that does not say, and what it may ask for at most. */
  timeLimits: TimeLimits;
  ceilings: { timeLimits: TimeLimits; extensions: number };
  healthCheck: { intervalMs: number; timeoutMs: number };
  shutdownGraceMs: number;
  keepEvents: { perRuntime: number; ageMs: number };
  metricsToken: string | undefined;
  proxyTimeoutMs: number;
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

/** What memory and cores carry when browsers are used, not only open. */
function defaultMaxRuntimes(): number {
  const byMemory = Math.floor(totalmem() / RUNTIME_BYTES);
  return Math.max(1, Math.min(byMemory, availableParallelism() * RUNTIMES_PER_CORE));
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
