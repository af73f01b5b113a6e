import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { CaptchaOptions } from '../../../runtime-manager/index.ts';
import type { TimeLimits } from '../../../runtime-manager/runtime/index.ts';
import { defaultMaxQueue, defaultMaxRuntimes } from '../machine-defaults.ts';
import { DAY_MS, httpUrl, integer, MIB, oneOf, setting, type ValuesOf } from './setting.ts';

const SECONDS_MAX = 365 * 86_400;
/** The pause that solvers ask their clients to leave between two questions. */
const CAPTCHA_POLL_MS = 3000;
const CAPTCHA_REQUEST_TIMEOUT_MS = 15_000;

/** How many runtimes there are, for how long, and what they do. */
export const RUNTIMES_SETTINGS = {
  BCTRL_MAX_RUNTIMES: setting(
    integer(1, 10_000).optional(),
    'The maximum number of active runtimes on this machine. By default, one for every 200 MB of memory (of the machine or of the cgroup of the service) above `BCTRL_MEMORY_FLOOR_MB` ([measurements](performance.md#what-open-runtimes-cost))',
    { default: 'by memory' },
  ),
  BCTRL_MAX_RUNTIMES_PER_ORGANIZATION: setting(
    integer(0, 10_000).default(1000),
    'The maximum number of active runtimes of an organization, unless it has [its own limit](keys.md#limits-of-an-organization)',
  ),
  BCTRL_QUEUE_MAX: setting(
    integer(0, 100_000).default(defaultMaxQueue()),
    'How many create requests may wait for a slot; the default is at least 200',
    { default: '128 for each core' },
  ),
  BCTRL_QUEUE_TIMEOUT_MS: setting(
    integer(0, 600_000).optional(),
    'How long a create request waits for a slot before it returns 503 with a `Retry-After`. By default, as long as the browser could still start within 30 s of the request, according to recent launch times',
    { default: 'by launch time' },
  ),
  BCTRL_TICKET_TTL_SECONDS: setting(
    integer(1, 30 * 86_400).default(86_400),
    'How long the connection URLs of a runtime accept new connections',
  ),
  BCTRL_IDLE_TIMEOUT_SECONDS: setting(
    integer(1, SECONDS_MAX).default(1800),
    'A runtime ends after this time without activity, unless its create request says otherwise',
  ),
  BCTRL_IDLE_TIMEOUT_CEILING_SECONDS: setting(
    integer(1, SECONDS_MAX).default(86_400),
    'The maximum `idleTimeoutSeconds` of a request; never below the default',
  ),
  BCTRL_OPEN_COMMAND_SECONDS: setting(
    integer(0, SECONDS_MAX).default(600),
    "How long a client's command without a response, or a download that does not grow, counts as activity",
  ),
  BCTRL_MAX_DURATION_SECONDS: setting(
    integer(1, SECONDS_MAX).default(86_400),
    'A runtime ends this long after its browser started, unless its create request says otherwise',
  ),
  BCTRL_MAX_DURATION_CEILING_SECONDS: setting(
    integer(1, SECONDS_MAX).default(7 * 86_400),
    'The maximum `maxDurationSeconds` of a request; never below the default',
  ),
  BCTRL_VIEWERS_PER_RUNTIME: setting(
    integer(1, 1000).default(20),
    'How many people can watch a runtime at once ([live view](live-view.md))',
  ),
  BCTRL_RECORDING: setting(
    oneOf(['off', 'on']).default('off'),
    '`on` records runtimes whose requests do not say otherwise ([recording](recording.md))',
  ),
  BCTRL_RECORDING_RETENTION_DAYS: setting(
    integer(1, 36_500).default(30),
    'For how many days recordings are kept. They are also deleted with the records of their runtimes',
  ),
  BCTRL_RECORDING_MAX_MB: setting(
    integer(1, 1_000_000).default(2048),
    'The maximum size of the videos of one recording; recording stops when it is reached',
  ),
  BCTRL_HUMANIZE_MAX_DELAY_MS: setting(
    integer(0, 10_000).default(3000),
    "How long a client's command may be delayed in a humanized runtime; 0 for no delay",
  ),
  BCTRL_CAPTCHA_URL: setting(
    httpUrl('https://api.2captcha.com').optional(),
    'The base URL of the captcha solver, such as `https://api.2captcha.com`: the URL before `/createTask`',
  ),
  BCTRL_CAPTCHA_KEY: setting(z.string().optional(), 'The key for the solver'),
  BCTRL_CAPTCHA_ATTEMPTS: setting(
    integer(1, 10).default(2),
    'The maximum number of attempts to solve one captcha',
  ),
  BCTRL_CAPTCHA_SOLVES_PER_RUNTIME: setting(
    integer(0, 1_000_000).default(100),
    'The maximum number of attempts to solve captchas in one run of a runtime',
  ),
  BCTRL_CAPTCHA_TIMEOUT_MS: setting(
    integer(1000, 600_000).default(120_000),
    'How long one attempt may take',
  ),
};

export interface RuntimesConfig {
  admission: {
    maxRuntimes: number;
    maxLaunches: number;
    maxQueue: number;
    queueTimeoutMs: number | undefined;
  };
  maxRuntimesPerOrganization: number;
  ticketTtlMs: number;
  /** The limits of a runtime whose request names none, and the most that a request may ask for. */
  timeLimits: TimeLimits;
  ceilings: { timeLimits: TimeLimits; extensions: number };
  /** For how long a client's command without an answer counts as use. */
  openCommandMs: number;
  /** How long a client's command may be delayed in a humanized runtime. */
  humanizeMaxDelayMs: number;
  /** Of one runtime at once. */
  viewersMax: number;
  recording: {
    /** Whether runtimes are recorded whose requests do not say. */
    isDefault: boolean;
    keepMs: number;
    /** Of the videos of one recording. */
    mostBytes: number;
  };
  captchas: CaptchaOptions;
}

type Values = ValuesOf<typeof RUNTIMES_SETTINGS>;

export function runtimesConfig(
  values: Values & { BCTRL_MEMORY_FLOOR_MB: number; BCTRL_EXTENSIONS_PER_RUNTIME: number },
): RuntimesConfig {
  const timeLimits = {
    idleTimeoutSeconds: values.BCTRL_IDLE_TIMEOUT_SECONDS,
    maxDurationSeconds: values.BCTRL_MAX_DURATION_SECONDS,
  };
  return {
    admission: {
      maxRuntimes:
        values.BCTRL_MAX_RUNTIMES ?? defaultMaxRuntimes(values.BCTRL_MEMORY_FLOOR_MB * MIB),
      maxLaunches: availableParallelism(),
      maxQueue: values.BCTRL_QUEUE_MAX,
      queueTimeoutMs: values.BCTRL_QUEUE_TIMEOUT_MS,
    },
    maxRuntimesPerOrganization: values.BCTRL_MAX_RUNTIMES_PER_ORGANIZATION,
    ticketTtlMs: values.BCTRL_TICKET_TTL_SECONDS * 1000,
    timeLimits,
    ceilings: {
      timeLimits: timeCeilings(values, timeLimits),
      extensions: values.BCTRL_EXTENSIONS_PER_RUNTIME,
    },
    openCommandMs: values.BCTRL_OPEN_COMMAND_SECONDS * 1000,
    viewersMax: values.BCTRL_VIEWERS_PER_RUNTIME,
    recording: {
      isDefault: values.BCTRL_RECORDING === 'on',
      keepMs: values.BCTRL_RECORDING_RETENTION_DAYS * DAY_MS,
      mostBytes: values.BCTRL_RECORDING_MAX_MB * MIB,
    },
    humanizeMaxDelayMs: values.BCTRL_HUMANIZE_MAX_DELAY_MS,
    captchas: captchaOptions(values),
  };
}

/** A request may always ask for the default. */
function timeCeilings(values: Values, defaults: TimeLimits): TimeLimits {
  return {
    idleTimeoutSeconds: Math.max(
      defaults.idleTimeoutSeconds,
      values.BCTRL_IDLE_TIMEOUT_CEILING_SECONDS,
    ),
    maxDurationSeconds: Math.max(
      defaults.maxDurationSeconds,
      values.BCTRL_MAX_DURATION_CEILING_SECONDS,
    ),
  };
}

/** A solver takes both an address and a key. */
function captchaOptions(values: Values): CaptchaOptions {
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
