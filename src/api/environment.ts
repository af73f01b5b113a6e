import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { isRule } from '../runtime-manager/index.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const SECONDS_MAX = 365 * 86_400;
const RUNTIME_BYTES = 400 * 1024 ** 2;
const RUNTIMES_PER_CORE = 16;
const WARM_PER_CORE = 4;

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
  BCTRL_WARM_MIN: integer(0, 1000).default(availableParallelism()),
  BCTRL_WARM_MAX: integer(0, 1000).default(availableParallelism() * WARM_PER_CORE),
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
  BCTRL_HUMANIZE_MAX_DELAY_MS: integer(0, 10_000).default(3000),
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
  BCTRL_CAPTCHA_URL: z.url({ protocol: /^https?$/ }).optional(),
  BCTRL_CAPTCHA_KEY: z.string().optional(),
  BCTRL_CAPTCHA_ATTEMPTS: integer(1, 10).default(2),
  BCTRL_CAPTCHA_SOLVES_PER_RUNTIME: integer(0, 1_000_000).default(100),
  BCTRL_CAPTCHA_TIMEOUT_MS: integer(1000, 600_000).default(120_000),
  BCTRL_METRICS_TOKEN: z
    .string()
    .regex(HEADER_TEXT, 'has characters that a header cannot carry')
    .optional(),
});

/** What memory and cores carry when browsers are used, not only open. */
function defaultMaxRuntimes(): number {
  const byMemory = Math.floor(totalmem() / RUNTIME_BYTES);
  return Math.max(1, Math.min(byMemory, availableParallelism() * RUNTIMES_PER_CORE));
}
