import { loadConfig, type Config } from '../../src/api/config/config.ts';

type Nested = 'admission' | 'captchas' | 'runtimeLimits';

/** Settings that differ from those of most tests. */
export type Settings = Partial<Omit<Config, Nested>> & { [Name in Nested]?: Partial<Config[Name]> };

/** Every browser is launched on request, for tests that count processes. */
export const NO_WARM = { min: 0, max: 0 };

/**
 * What an environment says, or the defaults, except that no test depends on the machine's speed, and
 * limits are within reach.
 */
export function configFor(settings: Settings, env?: NodeJS.ProcessEnv): Config {
  const config = loadConfig(env);
  const { max } = config.warm;
  const ours = {
    port: 0,
    // Few, since every test file has a service; none when BCTRL_WARM_MAX is 0.
    warm: { min: Math.min(1, max), max: Math.min(2, max) },
    launchTimeoutMs: 120_000,
    healthCheck: { intervalMs: 5000, timeoutMs: 60_000, busyMultiple: 3 },
    memoryFloorBytes: 0,
    maxRuntimesPerOrganization: 1000,
    proxyTimeoutMs: 5000,
    saveIntervalMs: 0,
    timeLimits: { idleTimeoutSeconds: 600, maxDurationSeconds: 3600 },
    ceilings: {
      timeLimits: { idleTimeoutSeconds: 1000, maxDurationSeconds: 10_000 },
      extensions: 3,
    },
  };
  const admission = { maxRuntimes: 20, maxLaunches: 2, maxQueue: 50, queueTimeoutMs: 60_000 };
  const captchas = { attempts: 2, solvesPerRuntime: 20, solveTimeoutMs: 20_000 };
  return {
    ...config,
    ...ours,
    ...settings,
    admission: { ...admission, ...settings.admission },
    captchas: { ...config.captchas, ...captchas, ...settings.captchas },
    runtimeLimits: { ...config.runtimeLimits, ...settings.runtimeLimits },
  };
}
