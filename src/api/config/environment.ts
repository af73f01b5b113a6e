import { z } from 'zod';
import { MACHINE_SETTINGS } from './settings/machine.ts';
import { RUNTIMES_SETTINGS } from './settings/runtimes.ts';
import { SERVER_SETTINGS } from './settings/server.ts';
import { STORAGE_SETTINGS } from './settings/storage.ts';

/** Every variable that the service reads. The table in README.md and the list in docker-compose.yml follow from it. */
export const Environment = z.object({
  ...SERVER_SETTINGS,
  ...MACHINE_SETTINGS,
  ...RUNTIMES_SETTINGS,
  ...STORAGE_SETTINGS,
});
