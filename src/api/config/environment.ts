import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { BROWSER_FLAVORS, isRule, JAIL_MODES } from '../../runtime-manager/runtime/index.ts';
import { DatabaseUrl } from './database-url.ts';
import { defaultMaxQueue } from './machine-defaults.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const SECONDS_MAX = 365 * 86_400;
const WARM_PER_CORE = 4;

/** Printable ASCII without spaces at its ends. */
const HEADER_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;

const integer = (min: number, max: number) => {
  const error = `not a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, error)
    .transform(Number)
    .pipe(z.number(error).min(min, error).max(max, error));
};

const httpUrl = (example: string) =>
  z.url({ protocol: /^https?$/, error: `not an http or https URL, such as ${example}` });

const oneOf = <T extends readonly string[]>(values: T) =>
  z.enum(values, `not one of ${values.join(', ')}`);

/** Texts between commas. */
const list = z.string().transform((text) => text.split(',').map((item) => item.trim()));

const encryptionKey = z
  .string()
  .min(16, 'has a key shorter than 16 characters; `openssl rand -base64 32` prints one');
const COMMA_RULE =
  'has a comma, which separates keys in BCTRL_ENCRYPTION_KEYS_OLD. If secrets are encrypted with it already, write it into the file encryption-key of the data directory, where it stays readable, and set a new one';

const HEADER_TEXT_RULE = 'has characters that a header cannot carry, such as spaces at its ends';
const Range = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'not an address or a range, such as 10.0.0.5,172.18.0.0/16; names are not looked up',
);
const RULE = 'not an address, a range or a host name, such as 10.0.0.0/8,*.corp.example';

/** Every variable the service reads; the table in README.md lists the same. */
export const Environment = z.object({
  PORT: integer(0, 65535).default(8787),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: DatabaseUrl.optional(),
  CHROMIUM_PATH: z.string().optional(),
  CHROMEDRIVER_PATH: z.string().optional(),
  FFMPEG_PATH: z.string().optional(),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  BCTRL_DATA_DIR: z.string().default('.bctrl'),
  BCTRL_BROWSER_DIR: z.string().optional(),
  BCTRL_PUBLIC_URL: httpUrl('https://browsers.example.com')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  BCTRL_TRUSTED_PROXIES: list.pipe(z.array(Range)).default([]),
  BCTRL_API_KEY: z.string().regex(HEADER_TEXT, HEADER_TEXT_RULE).optional(),
  BCTRL_LAUNCH_TIMEOUT_MS: integer(1000, 600_000).default(30_000),
  BCTRL_TICKET_TTL_SECONDS: integer(1, 30 * 86_400).default(86_400),
  BCTRL_MAX_RUNTIMES: integer(1, 10_000).optional(),
  BCTRL_MAX_RUNTIMES_PER_ORGANIZATION: integer(0, 10_000).default(1000),
  BCTRL_WARM_MIN: integer(0, 1000).default(availableParallelism()),
  BCTRL_WARM_MAX: integer(0, 1000).default(availableParallelism() * WARM_PER_CORE),
  BCTRL_BROWSER_FLAVOR: oneOf(BROWSER_FLAVORS).default('full'),
  BCTRL_JAIL: oneOf(JAIL_MODES).default('auto'),
  BCTRL_RUNTIME_MEMORY_MB: integer(256, 10_000_000).default(4096),
  BCTRL_RUNTIME_DISK_MB: integer(64, 10_000_000).default(4096),
  BCTRL_RUNTIME_TASKS: integer(256, 1_000_000).default(4096),
  BCTRL_MEMORY_FLOOR_MB: integer(0, 10_000_000).default(512),
  BCTRL_QUEUE_MAX: integer(0, 100_000).default(defaultMaxQueue()),
  BCTRL_QUEUE_TIMEOUT_MS: integer(0, 600_000).optional(),
  BCTRL_IDLE_TIMEOUT_SECONDS: integer(1, SECONDS_MAX).default(1800),
  BCTRL_IDLE_TIMEOUT_CEILING_SECONDS: integer(1, SECONDS_MAX).default(86_400),
  BCTRL_OPEN_COMMAND_SECONDS: integer(0, SECONDS_MAX).default(600),
  BCTRL_MAX_DURATION_SECONDS: integer(1, SECONDS_MAX).default(86_400),
  BCTRL_MAX_DURATION_CEILING_SECONDS: integer(1, SECONDS_MAX).default(7 * 86_400),
  BCTRL_HEALTH_INTERVAL_MS: integer(100, 600_000).default(5000),
  BCTRL_HEALTH_TIMEOUT_MS: integer(100, 600_000).default(10_000),
  BCTRL_HEALTH_BUSY_MULTIPLE: integer(1, 1000).default(12),
  BCTRL_SHUTDOWN_GRACE_MS: integer(100, 600_000).default(25_000),
  BCTRL_RETENTION_DAYS: integer(0, 36_500).default(30),
  BCTRL_ORPHAN_GRACE_DAYS: integer(1, 3650).default(7),
  BCTRL_EVENTS_PER_RUNTIME: integer(1, 1_000_000).default(1000),
  BCTRL_EVENTS_AGE_DAYS: integer(1, 3650).default(7),
  BCTRL_ENCRYPTION_KEY: encryptionKey.regex(/^[^,]*$/, COMMA_RULE).optional(),
  BCTRL_ENCRYPTION_KEYS_OLD: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(encryptionKey.regex(/^\S(?:.*\S)?$/s, 'has a space beside a comma')))
    .default([]),
  BCTRL_PROFILE_SAVE_INTERVAL: integer(0, SECONDS_MAX).default(300),
  BCTRL_PROFILE_VERSIONS: integer(1, 10_000).default(20),
  BCTRL_PROFILE_VERSIONS_AGE_DAYS: integer(1, 36_500).default(365),
  BCTRL_IMPORT_MAX_MB: integer(1, 1_000_000).default(4096),
  BCTRL_HUMANIZE_MAX_DELAY_MS: integer(0, 10_000).default(3000),
  BCTRL_EXTENSIONS_PER_RUNTIME: integer(0, 1000).default(16),
  BCTRL_EXTENSION_MAX_MB: integer(1, 10_000).default(64),
  BCTRL_S3_BUCKET: z.string().optional(),
  BCTRL_S3_ENDPOINT: httpUrl('https://s3.example.com').optional(),
  BCTRL_S3_REGION: z.string().default('us-east-1'),
  BCTRL_S3_PREFIX: z
    .string()
    .regex(/^(?:[\w.-]+\/)*$/, 'not names that each end in a slash, such as archives/bctrl/')
    .default(''),
  BCTRL_S3_ACCESS_KEY_ID: z.string().optional(),
  BCTRL_S3_SECRET_ACCESS_KEY: z.string().optional(),
  BCTRL_S3_FORCE_PATH_STYLE: oneOf(['true', 'false']).default('true'),
  BCTRL_PROXY_TIMEOUT_MS: integer(100, 600_000).default(10_000),
  BCTRL_EGRESS_ALLOW: list.pipe(z.array(z.string().refine(isRule, RULE))).optional(),
  BCTRL_CAPTCHA_URL: httpUrl('https://api.2captcha.com').optional(),
  BCTRL_CAPTCHA_KEY: z.string().optional(),
  BCTRL_CAPTCHA_ATTEMPTS: integer(1, 10).default(2),
  BCTRL_CAPTCHA_SOLVES_PER_RUNTIME: integer(0, 1_000_000).default(100),
  BCTRL_CAPTCHA_TIMEOUT_MS: integer(1000, 600_000).default(120_000),
  BCTRL_RATE_LIMIT: integer(0, 10_000_000).default(30_000),
  BCTRL_METRICS_TOKEN: z.string().regex(HEADER_TEXT, HEADER_TEXT_RULE).optional(),
});
