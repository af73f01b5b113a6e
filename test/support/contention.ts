const SAMPLE_CPU_US = 50_000;

/**
 * How many times longer work takes than on a machine that does nothing else, at least 1: limits of
 * time are multiplied by it. Keeps a core busy for a twentieth of a second of its own time.
 */
export function contention(): number {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let usedUs = 0;
  while (usedUs < SAMPLE_CPU_US) {
    const { user, system } = process.cpuUsage(cpu);
    usedUs = user + system;
  }
  return Math.max(1, ((performance.now() - begun) * 1000) / usedUs);
}
