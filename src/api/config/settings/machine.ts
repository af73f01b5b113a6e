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
    default: 'detected, or installed',
  }),
  CHROMEDRIVER_PATH: setting(
    z.string().optional(),
    'The chromedriver for WebDriver, of the same version as Chromium',
    { default: 'detected, or installed' },
  ),
  FFMPEG_PATH: setting(z.string().optional(), 'The ffmpeg with which Playwright records videos', {
    default: 'detected',
  }),
  BCTRL_BROWSER_DIR: setting(
    z.string().optional(),
    "The directory for the files of running browsers. Without at least 1 GiB of shared memory, the default is the system's temporary directory. Without jails, all browser state is there, and the path must be short",
    { default: '`/dev/shm`' },
  ),
  BCTRL_BROWSER_FLAVOR: setting(
    oneOf(BROWSER_FLAVORS).default('full'),
    '`full`: normal browsers; `lean`: all browsers without WebGL ([what that costs](performance.md#browsers-without-webgl))',
  ),
  BCTRL_JAIL: setting(
    oneOf(JAIL_MODES).default('auto'),
    '`auto`: [jails](security.md#jails) if the machine allows them, with a warning for what is missing; `required`: the service does not start without jails; `off`: no jails, if something else confines browsers',
  ),
  BCTRL_LAUNCH_TIMEOUT_MS: setting(
    integer(1000, 600_000).default(30_000),
    'How long a browser may take to start. On a slow machine, a browser that is still busy may take several times as long',
  ),
  BCTRL_WARM_MIN: setting(
    integer(0, 1000).default(availableParallelism()),
    'How many browsers are kept ready without any demand; at most `BCTRL_WARM_MAX`',
    { default: 'one for each core' },
  ),
  BCTRL_WARM_MAX: setting(
    integer(0, 1000).default(availableParallelism() * WARM_PER_CORE),
    'The maximum number of browsers that are kept ready, depending on demand. With 0, every browser is launched on request',
    { default: '4 for each core' },
  ),
  BCTRL_RUNTIME_MEMORY_MB: setting(
    integer(256, 10_000_000).default(4096),
    'The memory limit of one browser and its helpers, including their files in memory. Needs permission to create cgroups',
  ),
  BCTRL_RUNTIME_DISK_MB: setting(
    integer(64, 10_000_000).default(4096),
    'The file limit of one browser. It applies separately to memory (the state of an ephemeral browser) and to disk (downloads, uploads, a profile). A browser that uses more disk is killed',
  ),
  BCTRL_RUNTIME_TASKS: setting(
    integer(256, 1_000_000).default(4096),
    'The maximum number of processes and threads of one browser and its helpers. Needs permission to create cgroups',
  ),
  BCTRL_MEMORY_FLOOR_MB: setting(
    integer(0, 10_000_000).default(512),
    'Memory that stays free: no browser is launched that would use it, judging by the measured use of browsers',
  ),
  BCTRL_HEALTH_INTERVAL_MS: setting(
    integer(100, 600_000).default(5000),
    'How often the service checks that a browser responds',
  ),
  BCTRL_HEALTH_TIMEOUT_MS: setting(
    integer(100, 600_000).default(10_000),
    'A browser that takes longer to respond, and does nothing meanwhile (no CPU time, no traffic), is hung: it is killed, and its runtime is `failed`',
  ),
  BCTRL_HEALTH_BUSY_MULTIPLE: setting(
    integer(1, 1000).default(12),
    'A browser that takes this many times longer to respond is hung, even if it is busy',
  ),
  BCTRL_PROXY_TIMEOUT_MS: setting(
    integer(100, 600_000).default(10_000),
    'How long a proxy may take to accept a connection',
  ),
  BCTRL_EGRESS_ALLOW: setting(
    list.pipe(z.array(z.string().refine(isRule, RULE))).optional(),
    'Which private addresses browsers may connect to, on this machine and its networks: addresses, ranges, host names, `*.name`, or `*`, separated by commas ([details](proxies.md#what-rules-cannot-allow))',
    { default: '`*` if `HOST` is loopback, otherwise none' },
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
