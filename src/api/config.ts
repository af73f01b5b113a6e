import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN_BYTES = 1024 ** 3;

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
    launchTimeoutMs: values.BCTRL_LAUNCH_TIMEOUT_MS,
    ticketTtlMs: values.BCTRL_TICKET_TTL_SECONDS * 1000,
    unknownVariables: Object.keys(given).filter(
      (name) => name.startsWith('BCTRL_') && !(name in Environment.shape),
    ),
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
