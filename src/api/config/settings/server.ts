import { resolve } from 'node:path';
import { z } from 'zod';
import type { KeptRecords } from '../../../runtime-manager/runtime/index.ts';
import { DatabaseUrl } from '../database-url.ts';
import {
  DAY_MS,
  HEADER_TEXT,
  HEADER_TEXT_RULE,
  httpUrl,
  integer,
  list,
  oneOf,
  setting,
  type ValuesOf,
} from './setting.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const Range = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'not an address or a range, such as 10.0.0.5,172.18.0.0/16; names are not looked up',
);

/** Strict, since these become a part of the header Content-Security-Policy. */
const Origin = z
  .string()
  .regex(/^https?:\/\/(?:\*\.)?[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d{1,5})?$/i);
/**
 * What `frame-ancestors` says: https://www.w3.org/TR/CSP3/#directive-frame-ancestors
 * The service's own console is always among them.
 */
const FrameAncestors = z.union(
  [
    z.literal('*'),
    z.literal('none').transform(() => "'self'"),
    list.pipe(z.array(Origin)).transform((origins) => ["'self'", ...origins].join(' ')),
  ],
  'not *, none, or origins without a path, such as https://app.example.com,https://*.example.com',
);

const encryptionKey = z
  .string()
  .min(16, 'has a key shorter than 16 characters; `openssl rand -base64 32` prints one');
const COMMA_RULE =
  'has a comma, which separates keys in BCTRL_ENCRYPTION_KEYS_OLD. If secrets are encrypted with it already, write it into the file encryption-key of the data directory, where it stays readable, and set a new one';

/** Where the service is, and what it keeps. */
export const SERVER_SETTINGS = {
  PORT: setting(
    integer(0, 65535).default(8787),
    'The port of the API; on a `node`, of its health checks and metrics. 0 chooses a free port',
  ),
  HOST: setting(z.string().default('127.0.0.1'), 'The IP address or host name to listen on'),
  DATABASE_URL: setting(
    DatabaseUrl.optional(),
    '`postgres://user:password@host:port/database`, with special characters percent-encoded. PgBouncer works in any mode. `PG*` variables are ignored',
    { default: 'embedded Postgres' },
  ),
  LOG_LEVEL: setting(
    oneOf(LOG_LEVELS).default('info'),
    '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`; the log is written to stderr, as JSON lines, or as readable text on a terminal',
  ),
  BCTRL_PUBLIC_URL: setting(
    httpUrl('https://browsers.example.com')
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    'The URL at which clients reach the service, such as `https://browsers.example.com`. Connection URLs start with it. On a `node`: the URL at which clients, and extensions in browsers, reach the APIs',
    { default: 'from each request' },
  ),
  BCTRL_TRUSTED_PROXIES: setting(
    list.pipe(z.array(Range)).default([]),
    'IP addresses and CIDR ranges of reverse proxies, separated by commas. Their headers `X-Forwarded-Host`, `-Proto` and `-For` are trusted',
  ),
  BCTRL_DATA_DIR: setting(
    z.string().default('.bctrl'),
    'The directory for data that survives restarts, and for downloads and uploads of running browsers. Only one service at a time can use it',
  ),
  BCTRL_API_KEY: setting(
    z.string().regex(HEADER_TEXT, HEADER_TEXT_RULE).optional(),
    'The API key of the first organization, any printable ASCII. Changing it revokes the previous one',
    { default: 'generated' },
  ),
  BCTRL_ENCRYPTION_KEY: setting(
    encryptionKey.regex(/^[^,]*$/, COMMA_RULE).optional(),
    'The key that encrypts passwords in the database and signs tickets, at least 16 characters and no comma; a generated key is stored in the data directory ([changing it](keys.md#another-encryption-key))',
    { default: 'generated' },
  ),
  BCTRL_ENCRYPTION_KEYS_OLD: setting(
    z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(encryptionKey.regex(/^\S(?:.*\S)?$/s, 'has a space beside a comma')))
      .default([]),
    'Previous keys, separated by commas: what they encrypted stays readable, and what they signed stays valid',
  ),
  BCTRL_RATE_LIMIT: setting(
    integer(0, 10_000_000).default(30_000),
    'How many requests each API key may make in a minute; 0 for no limit',
  ),
  BCTRL_EMBED_ORIGINS: setting(
    FrameAncestors.default('*'),
    'Origins, separated by commas, whose pages may show live views in a frame, such as `https://app.example.com`; `*` for all, `none` for only the console',
  ),
  BCTRL_METRICS_TOKEN: setting(
    z.string().regex(HEADER_TEXT, HEADER_TEXT_RULE).optional(),
    'The bearer token for `/metrics`. Without it, `/metrics` responds only to requests from this machine',
  ),
  BCTRL_SHUTDOWN_GRACE_MS: setting(
    integer(100, 600_000).default(25_000),
    'How long an orderly shutdown may take. Then the rest is killed, and the next start cleans up',
  ),
  BCTRL_RETENTION_DAYS: setting(
    integer(0, 36_500).default(30),
    'For how many days the records of runtimes that have ended are kept, with their events; 0: forever ([retention](operate.md#retention))',
  ),
  BCTRL_ORPHAN_GRACE_DAYS: setting(
    integer(1, 3650).default(7),
    'The minimum age of an archive without a record before it is deleted. The storage must also have belonged to this database for this long',
  ),
  BCTRL_EVENTS_PER_RUNTIME: setting(
    integer(1, 1_000_000).default(1000),
    'How many events of a runtime are kept',
  ),
  BCTRL_EVENTS_AGE_DAYS: setting(
    integer(1, 3650).default(7),
    'For how many days events and operations are kept',
  ),
  BCTRL_AUDIT_RETENTION_DAYS: setting(
    integer(0, 36_500).default(90),
    'For how many days entries of the [audit](audit.md) are kept; 0: forever',
  ),
};

export interface ServerConfig {
  port: number;
  host: string;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Undefined: the embedded Postgres is used. */
  databaseUrl: string | undefined;
  dataDir: string;
  apiKey: string | undefined;
  /** Undefined: one is generated and kept in the data directory. */
  encryptionKey: string | undefined;
  /** Keys that seal no more, and still open what they sealed. */
  oldEncryptionKeys: string[];
  publicUrl: string | undefined;
  trustedProxies: string[];
  /** Requests of each API key; 0 for no limit. */
  rateLimitPerMinute: number;
  /** Whose pages may show live views in a frame, as Content-Security-Policy says it. */
  frameAncestors: string;
  metricsToken: string | undefined;
  shutdownGraceMs: number;
  /** How long records of what is over are kept. */
  keep: KeptRecords;
  /** How old an archive that no record names has to be before it is removed. */
  orphanGraceMs: number;
}

export function serverConfig(values: ValuesOf<typeof SERVER_SETTINGS>): ServerConfig {
  return {
    port: values.PORT,
    host: values.HOST,
    logLevel: values.LOG_LEVEL,
    ...databaseConfig(values),
    apiKey: values.BCTRL_API_KEY,
    encryptionKey: values.BCTRL_ENCRYPTION_KEY,
    oldEncryptionKeys: values.BCTRL_ENCRYPTION_KEYS_OLD,
    publicUrl: values.BCTRL_PUBLIC_URL,
    trustedProxies: values.BCTRL_TRUSTED_PROXIES,
    rateLimitPerMinute: values.BCTRL_RATE_LIMIT,
    frameAncestors: values.BCTRL_EMBED_ORIGINS,
    metricsToken: values.BCTRL_METRICS_TOKEN,
    shutdownGraceMs: values.BCTRL_SHUTDOWN_GRACE_MS,
    keep: {
      runtimesMs: values.BCTRL_RETENTION_DAYS * DAY_MS,
      events: {
        perRuntime: values.BCTRL_EVENTS_PER_RUNTIME,
        ageMs: values.BCTRL_EVENTS_AGE_DAYS * DAY_MS,
      },
      auditMs: values.BCTRL_AUDIT_RETENTION_DAYS * DAY_MS,
    },
    orphanGraceMs: values.BCTRL_ORPHAN_GRACE_DAYS * DAY_MS,
  };
}

/** Where the database is. */
export type DatabaseConfig = Pick<ServerConfig, 'databaseUrl' | 'dataDir'>;

export function databaseConfig(
  values: Pick<ValuesOf<typeof SERVER_SETTINGS>, 'DATABASE_URL' | 'BCTRL_DATA_DIR'>,
): DatabaseConfig {
  return { databaseUrl: values.DATABASE_URL, dataDir: resolve(values.BCTRL_DATA_DIR) };
}
