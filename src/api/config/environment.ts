import { z } from 'zod';
import { CLUSTER_SETTINGS } from './settings/cluster.ts';
import { MACHINE_SETTINGS } from './settings/machine.ts';
import { RUNTIMES_SETTINGS } from './settings/runtimes.ts';
import { SERVER_SETTINGS } from './settings/server.ts';
import { STORAGE_SETTINGS } from './settings/storage.ts';
import { TRACING_SETTINGS } from './settings/tracing.ts';

/** Every variable that the service reads. docs/configuration.md and the lists in the files of Docker Compose follow from it. */
export const Environment = z.object({
  ...SERVER_SETTINGS,
  ...MACHINE_SETTINGS,
  ...RUNTIMES_SETTINGS,
  ...STORAGE_SETTINGS,
  ...CLUSTER_SETTINGS,
  ...TRACING_SETTINGS,
});

/** The variables by what they are about, as docs/configuration.md has them. */
export const SETTINGS_BY_TOPIC = {
  'The service': SERVER_SETTINGS,
  'Browsers and the machine': MACHINE_SETTINGS,
  Runtimes: RUNTIMES_SETTINGS,
  'Profiles, extensions and files': STORAGE_SETTINGS,
  'Many machines': CLUSTER_SETTINGS,
  Traces: TRACING_SETTINGS,
};

/** The variables that are set: Compose files pass those that nobody set as empty strings. */
export function givenOf(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** Throws one sentence that names every invalid variable, and no value. */
export function parseEnvironment<T extends z.ZodType>(
  schema: T,
  env: NodeJS.ProcessEnv,
): z.output<T> {
  const parsed = schema.safeParse(givenOf(env));
  if (!parsed.success) throw new Error(describe(parsed.error));
  return parsed.data;
}

function describe(error: z.ZodError): string {
  const problems = error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  return `Invalid environment variable ${[...new Set(problems)].join('; ')}.`;
}
