import { z } from 'zod';
import { defaultMaxQueue } from '../machine-defaults.ts';
import { httpUrl, integer, setting } from './setting.ts';

const SECONDS_MAX = 365 * 86_400;

/** How many runtimes there are, for how long, and what they do. */
export const RUNTIMES_SETTINGS = {
  BCTRL_MAX_RUNTIMES: setting(
    integer(1, 10_000).optional(),
    'Runtimes at once on this machine: one for each 200 MB of its memory, or of the cgroup of the service, beyond `BCTRL_MEMORY_FLOOR_MB` ([what they take](#what-open-runtimes-cost))',
    { default: 'by memory' },
  ),
  BCTRL_MAX_RUNTIMES_PER_ORGANIZATION: setting(
    integer(0, 10_000).default(1000),
    'Active runtimes of an organization that has no limit of its own ([Keys and organizations](#keys-and-organizations))',
  ),
  BCTRL_QUEUE_MAX: setting(
    integer(0, 100_000).default(defaultMaxQueue()),
    'How many creates may wait for room; 200 at least without it',
    { default: '128 for each core' },
  ),
  BCTRL_QUEUE_TIMEOUT_MS: setting(
    integer(0, 600_000).optional(),
    'How long a create waits before it is refused with 503 and a `Retry-After`. Without it, as long as its launch would still be done within 30 s of its arrival, judged by how long launches take just now',
    { default: 'by launch time' },
  ),
  BCTRL_TICKET_TTL_SECONDS: setting(
    integer(1, 30 * 86_400).default(86_400),
    'How long the address of a runtime accepts new connections',
  ),
  BCTRL_IDLE_TIMEOUT_SECONDS: setting(
    integer(1, SECONDS_MAX).default(1800),
    'A runtime ends after so long without traffic of a client, unless its request says otherwise',
  ),
  BCTRL_IDLE_TIMEOUT_CEILING_SECONDS: setting(
    integer(1, SECONDS_MAX).default(86_400),
    'The longest `idleTimeoutSeconds` that a request may ask for; never below the default',
  ),
  BCTRL_OPEN_COMMAND_SECONDS: setting(
    integer(0, SECONDS_MAX).default(600),
    "For how long a client's command without an answer, or a download that does not grow, counts as use",
  ),
  BCTRL_MAX_DURATION_SECONDS: setting(
    integer(1, SECONDS_MAX).default(86_400),
    'A runtime ends so long after it came up, unless its request says otherwise',
  ),
  BCTRL_MAX_DURATION_CEILING_SECONDS: setting(
    integer(1, SECONDS_MAX).default(7 * 86_400),
    'The longest `maxDurationSeconds` that a request may ask for; never below the default',
  ),
  BCTRL_HUMANIZE_MAX_DELAY_MS: setting(
    integer(0, 10_000).default(3000),
    "How long a client's command may be delayed in a humanized runtime; 0 for not at all",
  ),
  BCTRL_CAPTCHA_URL: setting(
    httpUrl('https://api.2captcha.com').optional(),
    'The solver of captchas, such as `https://api.2captcha.com`: where its `createTask` is',
  ),
  BCTRL_CAPTCHA_KEY: setting(z.string().optional(), 'The key for the solver'),
  BCTRL_CAPTCHA_ATTEMPTS: setting(integer(1, 10).default(2), 'How often one captcha is tried'),
  BCTRL_CAPTCHA_SOLVES_PER_RUNTIME: setting(
    integer(0, 1_000_000).default(100),
    'How often a runtime may try captchas of any kind while it is up',
  ),
  BCTRL_CAPTCHA_TIMEOUT_MS: setting(
    integer(1000, 600_000).default(120_000),
    'How long one try may take',
  ),
};
