import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import manifest from '../../../package.json' with { type: 'json' };
import type {
  CaptchaOptions,
  ReservedService,
  S3Options,
  WarmPoolSize,
} from '../../runtime-manager/index.ts';
import type {
  BrowserFlavor,
  JailMode,
  KeptRecords,
  TimeLimits,
} from '../../runtime-manager/runtime/index.ts';
import { Environment } from './environment.ts';
import type { LOG_LEVELS } from './settings/server.ts';
import { defaultBrowserDir, defaultMaxRuntimes } from './machine-defaults.ts';
import { nearName } from './near-name.ts';

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
const POSTGRES_PORT = 5432;
const USUAL_PORTS = new Map([
  ['http:', 80],
  ['https:', 443],
]);
/** The pause that solvers ask their clients to leave between two questions. */
const CAPTCHA_POLL_MS = 3000;
const CAPTCHA_REQUEST_TIMEOUT_MS = 15_000;

/** What Chromium may know of the service's environment. */
const BROWSER_ENV = /^(PATH|LANG|LANGUAGE|LC_\w+|TZ|FONTCONFIG_\w+)$/;

export interface Config {
  /** The version of this service. */
  version: string;
  port: number;
  host: string;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Undefined: the embedded Postgres is used. */
  databaseUrl: string | undefined;
  dataDir: string;
  /** The directory under which each service makes one for its browsers. */
  browserDir: string;
  apiKey: string | undefined;
  chromiumPath: string | undefined;
  chromedriverPath: string | undefined;
  ffmpegPath: string | undefined;
  publicUrl: string | undefined;
  trustedProxies: string[];
  browserEnv: Record<string, string>;
  searchPath: string;
  launchTimeoutMs: number;
  ticketTtlMs: number;
  maxRuntimesPerOrganization: number;
  memoryFloorBytes: number;
  flavor: BrowserFlavor;
  jailMode: JailMode;
  /** What one browser may take of the machine. */
  runtimeLimits: { memoryBytes: number; tasks: number; diskBytes: number };
  /** How many browsers are launched ahead. */
  warm: WarmPoolSize;
  admission: {
    maxRuntimes: number;
    maxLaunches: number;
    maxQueue: number;
    queueTimeoutMs: number | undefined;
  };
  /** The limits of a runtime whose request names none, and the most that a request may ask for. */
  timeLimits: TimeLimits;
  ceilings: { timeLimits: TimeLimits; extensions: number };
  healthCheck: { intervalMs: number; timeoutMs: number; busyMultiple: number };
  shutdownGraceMs: number;
  /** How long records of what is over are kept. */
  keep: KeptRecords;
  /** How old an archive that no record names has to be before it is removed. */
  orphanGraceMs: number;
  metricsToken: string | undefined;
  /** Requests of each API key; 0 for no limit. */
  rateLimitPerMinute: number;
  proxyTimeoutMs: number;
  /** How long a client's command may be delayed in a humanized runtime. */
  humanizeMaxDelayMs: number;
  /** For how long a client's command without an answer counts as use. */
  openCommandMs: number;
  captchas: CaptchaOptions;
  /** The addresses of the machine and the networks around it that browsers may reach. */
  egressAllow: string[];
  /** The services that this one lives from, which browsers do not reach. */
  reservedServices: ReservedService[];
  /** Undefined: one is generated and kept in the data directory. */
  encryptionKey: string | undefined;
  /** Keys that seal no more, and still open what they sealed. */
  oldEncryptionKeys: string[];
  /** Undefined: archives are kept in the data directory. */
  s3: S3Options | undefined;
  /** 0 for never. */
  saveIntervalMs: number;
  importMaxBytes: number;
  extensionMaxBytes: number;
  keepVersions: { count: number; ageMs: number };
  /** A sentence about each `BCTRL_*` variable that means nothing, and is most likely misspelt. */
  unknownVariables: string[];
}

/** Throws one sentence that names every invalid variable, and no value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // The database's driver takes these variables for defaults; only DATABASE_URL says where the
  // database is.
  for (const name of Object.keys(process.env)) if (/^PG[A-Z]/.test(name)) delete process.env[name];
  // Compose files pass variables that nobody set as empty strings.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw new Error(describe(parsed.error));
  const values = parsed.data;
  return {
    version: manifest.version,
    port: values.PORT,
    host: values.HOST,
    logLevel: values.LOG_LEVEL,
    databaseUrl: values.DATABASE_URL,
    dataDir: resolve(values.BCTRL_DATA_DIR),
    browserDir: resolve(values.BCTRL_BROWSER_DIR ?? defaultBrowserDir()),
    apiKey: values.BCTRL_API_KEY,
    chromiumPath: values.CHROMIUM_PATH,
    chromedriverPath: values.CHROMEDRIVER_PATH,
    ffmpegPath: values.FFMPEG_PATH,
    publicUrl: values.BCTRL_PUBLIC_URL,
    trustedProxies: values.BCTRL_TRUSTED_PROXIES,
    browserEnv: pick(env, BROWSER_ENV),
    searchPath: env['PATH'] ?? '',
    ...runtimeLimits(values),
    ...profileOptions(values),
    keep: keptRecords(values),
    orphanGraceMs: values.BCTRL_ORPHAN_GRACE_DAYS * DAY_MS,
    metricsToken: values.BCTRL_METRICS_TOKEN,
    rateLimitPerMinute: values.BCTRL_RATE_LIMIT,
    proxyTimeoutMs: values.BCTRL_PROXY_TIMEOUT_MS,
    humanizeMaxDelayMs: values.BCTRL_HUMANIZE_MAX_DELAY_MS,
    openCommandMs: values.BCTRL_OPEN_COMMAND_SECONDS * 1000,
    captchas: captchaOptions(values),
    // Whoever reaches a service on loopback is on this machine, and reaches everything else from
    // there.
    egressAllow: values.BCTRL_EGRESS_ALLOW ?? (isLoopback(values.HOST) ? ['*'] : []),
    reservedServices: reservedServices(values),
    encryptionKey: values.BCTRL_ENCRYPTION_KEY,
    oldEncryptionKeys: values.BCTRL_ENCRYPTION_KEYS_OLD,
    shutdownGraceMs: values.BCTRL_SHUTDOWN_GRACE_MS,
    unknownVariables: Object.keys(given).filter(isUnknown).map(unknownVariable),
  };
}

/** The directories that are a node's alone: of its browsers, and of their files on disk. */
export function browserRoots(
  { browserDir, dataDir }: Pick<Config, 'browserDir' | 'dataDir'>,
  nodeId: string,
): { root: string; filesRoot: string } {
  return {
    root: join(browserDir, `bctrl-${nodeId.slice(0, 8)}`),
    filesRoot: join(dataDir, 'files'),
  };
}

/** Where archives that are not in a bucket lie. */
export function archiveDir({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'objects');
}

function runtimeLimits(values: z.infer<typeof Environment>) {
  const timeLimits = {
    idleTimeoutSeconds: values.BCTRL_IDLE_TIMEOUT_SECONDS,
    maxDurationSeconds: values.BCTRL_MAX_DURATION_SECONDS,
  };
  const memoryFloorBytes = values.BCTRL_MEMORY_FLOOR_MB * MIB;
  return {
    launchTimeoutMs: values.BCTRL_LAUNCH_TIMEOUT_MS,
    ticketTtlMs: values.BCTRL_TICKET_TTL_SECONDS * 1000,
    maxRuntimesPerOrganization: values.BCTRL_MAX_RUNTIMES_PER_ORGANIZATION,
    memoryFloorBytes,
    flavor: values.BCTRL_BROWSER_FLAVOR,
    jailMode: values.BCTRL_JAIL,
    runtimeLimits: {
      memoryBytes: values.BCTRL_RUNTIME_MEMORY_MB * MIB,
      tasks: values.BCTRL_RUNTIME_TASKS,
      diskBytes: values.BCTRL_RUNTIME_DISK_MB * MIB,
    },
    warm: {
      min: Math.min(values.BCTRL_WARM_MIN, values.BCTRL_WARM_MAX),
      max: values.BCTRL_WARM_MAX,
    },
    admission: {
      maxRuntimes: values.BCTRL_MAX_RUNTIMES ?? defaultMaxRuntimes(memoryFloorBytes),
      maxLaunches: availableParallelism(),
      maxQueue: values.BCTRL_QUEUE_MAX,
      queueTimeoutMs: values.BCTRL_QUEUE_TIMEOUT_MS,
    },
    timeLimits,
    // A request may always ask for the default.
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
    healthCheck: healthCheckTimes(values),
  };
}

function keptRecords(values: z.infer<typeof Environment>): KeptRecords {
  return {
    runtimesMs: values.BCTRL_RETENTION_DAYS * DAY_MS,
    events: {
      perRuntime: values.BCTRL_EVENTS_PER_RUNTIME,
      ageMs: values.BCTRL_EVENTS_AGE_DAYS * DAY_MS,
    },
  };
}

function healthCheckTimes(values: z.infer<typeof Environment>): Config['healthCheck'] {
  return {
    intervalMs: values.BCTRL_HEALTH_INTERVAL_MS,
    timeoutMs: values.BCTRL_HEALTH_TIMEOUT_MS,
    busyMultiple: values.BCTRL_HEALTH_BUSY_MULTIPLE,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

function reservedServices(values: z.infer<typeof Environment>): ReservedService[] {
  const { DATABASE_URL: database, BCTRL_S3_ENDPOINT: endpoint, BCTRL_S3_BUCKET: bucket } = values;
  const services = database === undefined || isSocket(database) ? [] : [portAddress(database)];
  if (bucket !== undefined && endpoint !== undefined) {
    const storage = { ...portAddress(endpoint), isOpenIfPublic: true };
    services.push(storage);
    const isPathStyle = values.BCTRL_S3_FORCE_PATH_STYLE === 'true';
    if (!isPathStyle) services.push({ ...storage, host: `${bucket}.${storage.host}` });
  }
  const { BCTRL_CAPTCHA_URL: solver } = values;
  if (solver !== undefined) services.push({ ...portAddress(solver), isOpenIfPublic: true });
  return services;
}

/** Whether a URL has the directory of a socket in place of a host. */
function isSocket(url: string): boolean {
  return new URL(url).hostname.startsWith('%2F');
}

function portAddress(url: string): ReservedService {
  const { protocol, hostname, port } = new URL(url);
  const usual = USUAL_PORTS.get(protocol) ?? POSTGRES_PORT;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usual) };
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

/** A solver takes both an address and a key. */
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

function isUnknown(name: string): boolean {
  return name.startsWith('BCTRL_') && !(name in Environment.shape);
}

function unknownVariable(name: string): string {
  const near = nearName(name, Object.keys(Environment.shape));
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return `${name} is no variable of this service${meant}`;
}

function pick(env: NodeJS.ProcessEnv, names: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && names.test(name)) picked[name] = value;
  }
  return picked;
}

function describe(error: z.ZodError): string {
  const problems = error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  return `Invalid environment variable ${[...new Set(problems)].join('; ')}.`;
}
