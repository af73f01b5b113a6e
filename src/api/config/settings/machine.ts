import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { WarmPoolSize } from '../../../runtime-manager/index.ts';
import {
  BROWSER_FLAVORS,
  isRule,
  JAIL_MODES,
  type BrowserFlavor,
  type JailMode,
} from '../../../runtime-manager/runtime/index.ts';
import { defaultBrowserDir } from '../machine-defaults.ts';
import { integer, list, MIB, oneOf, setting, type ValuesOf, isLoopback } from './setting.ts';

const WARM_PER_CORE = 4;
const RULE = 'not an address, a range or a host name, such as 10.0.0.0/8,*.corp.example';

/** How this machine runs browsers. */
export const MACHINE_SETTINGS = {
  CHROMIUM_PATH: setting(z.string().optional(), 'The Chromium or Chrome to run', {
    default: 'found, or installed',
  }),
  CHROMEDRIVER_PATH: setting(
    z.string().optional(),
    'The chromedriver for WebDriver, of the same version as Chromium',
    { default: 'found, or installed' },
  ),
  FFMPEG_PATH: setting(z.string().optional(), 'The ffmpeg by which Playwright records videos', {
    default: 'found',
  }),
  BCTRL_BROWSER_DIR: setting(
    z.string().optional(),
    "Where browsers have their directories while they run; the system's temporary directory where there is no shared memory of 1 GiB. Without jails all of their state lies there, and the path has to be short",
    { default: '`/dev/shm`' },
  ),
  BCTRL_BROWSER_FLAVOR: setting(
    oneOf(BROWSER_FLAVORS).default('full'),
    '`full`: browsers as people have them; `lean`: all of them without WebGL ([what that costs](performance.md#browsers-without-webgl))',
  ),
  BCTRL_JAIL: setting(
    oneOf(JAIL_MODES).default('auto'),
    '`auto`: [jails](security.md#jails) where the machine allows them, and a warning for what is missing; `required`: no start without; `off`: none, where something else confines browsers',
  ),
  BCTRL_LAUNCH_TIMEOUT_MS: setting(
    integer(1000, 600_000).default(30_000),
    'How long a browser may take to come up; one that is still at work, on a slow machine, may take several times as long',
  ),
  BCTRL_WARM_MIN: setting(
    integer(0, 1000).default(availableParallelism()),
    'Browsers that are kept ready however little is asked for, `BCTRL_WARM_MAX` at most',
    { default: 'one for each core' },
  ),
  BCTRL_WARM_MAX: setting(
    integer(0, 1000).default(availableParallelism() * WARM_PER_CORE),
    'Browsers that are kept ready at most, as demand wants; 0 for none: then every browser is launched when it is asked for',
    { default: '4 for each core' },
  ),
  BCTRL_RUNTIME_MEMORY_MB: setting(
    integer(256, 10_000_000).default(4096),
    'Memory of one browser and its helpers, with what they keep as files in memory; where the service may make cgroups',
  ),
  BCTRL_RUNTIME_DISK_MB: setting(
    integer(64, 10_000_000).default(4096),
    'What one browser may keep as files: so much in memory, where an ephemeral one has its state, and so much on disk (downloads, uploads, a profile). With more on disk it is ended',
  ),
  BCTRL_RUNTIME_TASKS: setting(
    integer(256, 1_000_000).default(4096),
    'Processes and threads of one browser and its helpers; where the service may make cgroups',
  ),
  BCTRL_MEMORY_FLOOR_MB: setting(
    integer(0, 10_000_000).default(512),
    'Memory that stays free: no browser is launched that would take it, by what browsers were measured to use',
  ),
  BCTRL_HEALTH_INTERVAL_MS: setting(
    integer(100, 600_000).default(5000),
    'How often a browser is asked whether it is there',
  ),
  BCTRL_HEALTH_TIMEOUT_MS: setting(
    integer(100, 600_000).default(10_000),
    'A browser that takes longer to answer, and does nothing meanwhile (no CPU time, no byte), hangs: it is killed, and its runtime is `failed`',
  ),
  BCTRL_HEALTH_BUSY_MULTIPLE: setting(
    integer(1, 1000).default(12),
    'A browser that takes so many times as long to answer hangs, even if it is at work',
  ),
  BCTRL_PROXY_TIMEOUT_MS: setting(
    integer(100, 600_000).default(10_000),
    'How long a proxy may take to let a runtime in',
  ),
  BCTRL_EGRESS_ALLOW: setting(
    list.pipe(z.array(z.string().refine(isRule, RULE))).optional(),
    'What of the machine and the networks around it browsers may reach: addresses, ranges, names, `*.name`, or `*`, with commas',
    { default: 'see above' },
  ),
};

export interface MachineConfig {
  chromiumPath: string | undefined;
  chromedriverPath: string | undefined;
  ffmpegPath: string | undefined;
  /** The directory under which each service makes one for its browsers. */
  browserDir: string;
  flavor: BrowserFlavor;
  jailMode: JailMode;
  launchTimeoutMs: number;
  /** How many browsers are launched ahead. */
  warm: WarmPoolSize;
  /** What one browser may take of the machine. */
  runtimeLimits: { memoryBytes: number; tasks: number; diskBytes: number };
  memoryFloorBytes: number;
  healthCheck: { intervalMs: number; timeoutMs: number; busyMultiple: number };
  proxyTimeoutMs: number;
  /** The addresses of the machine and the networks around it that browsers may reach. */
  egressAllow: string[];
}

export function machineConfig(
  values: ValuesOf<typeof MACHINE_SETTINGS> & { HOST: string },
): MachineConfig {
  return {
    chromiumPath: values.CHROMIUM_PATH,
    chromedriverPath: values.CHROMEDRIVER_PATH,
    ffmpegPath: values.FFMPEG_PATH,
    browserDir: resolve(values.BCTRL_BROWSER_DIR ?? defaultBrowserDir()),
    flavor: values.BCTRL_BROWSER_FLAVOR,
    jailMode: values.BCTRL_JAIL,
    launchTimeoutMs: values.BCTRL_LAUNCH_TIMEOUT_MS,
    warm: {
      min: Math.min(values.BCTRL_WARM_MIN, values.BCTRL_WARM_MAX),
      max: values.BCTRL_WARM_MAX,
    },
    runtimeLimits: {
      memoryBytes: values.BCTRL_RUNTIME_MEMORY_MB * MIB,
      tasks: values.BCTRL_RUNTIME_TASKS,
      diskBytes: values.BCTRL_RUNTIME_DISK_MB * MIB,
    },
    memoryFloorBytes: values.BCTRL_MEMORY_FLOOR_MB * MIB,
    healthCheck: {
      intervalMs: values.BCTRL_HEALTH_INTERVAL_MS,
      timeoutMs: values.BCTRL_HEALTH_TIMEOUT_MS,
      busyMultiple: values.BCTRL_HEALTH_BUSY_MULTIPLE,
    },
    proxyTimeoutMs: values.BCTRL_PROXY_TIMEOUT_MS,
    // Whoever reaches a service on loopback is on this machine, and reaches everything else from
    // there.
    egressAllow: values.BCTRL_EGRESS_ALLOW ?? (isLoopback(values.HOST) ? ['*'] : []),
  };
}
