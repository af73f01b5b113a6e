/** The key that all processes of a simulation derive theirs from. */
export const SIM_KEY = 'a key for simulations';

/** What the driver tells its processes. */
export function environmentOf(databaseUrl: string, natsUrl: string) {
  return { SIM_DATABASE_URL: databaseUrl, SIM_NATS_URL: natsUrl };
}

export function addressesOf(env: NodeJS.ProcessEnv) {
  return { databaseUrl: env['SIM_DATABASE_URL'] ?? '', natsUrl: env['SIM_NATS_URL'] ?? '' };
}

/** Nodes have ids in order, so that the driver knows who is where. */
export function nodeIdOf(nth: number): string {
  return `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;
}
