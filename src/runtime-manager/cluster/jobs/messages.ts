import { z } from 'zod';
import { StorageState } from '../../profiles/storage-state.ts';
import { OBJECT_FOLDERS, keysIn } from '../../retention/orphans.ts';
import { Problem } from '../problems.ts';

/** Node's timers take no more than 2^31 ms; no job takes as long as this. */
const BUDGET_MAX_MS = 3_600_000;

/** Whoever serves a job opens no key but one of these folders. */
const JobKey = z.string().regex(keysIn(OBJECT_FOLDERS.jobs));
const ProfileKey = z.string().regex(keysIn(OBJECT_FOLDERS.profiles));
const Sha256 = z.hash('sha256');

/** An object that is in the storage for one job. */
const JobFile = z.object({ key: JobKey, sha256: Sha256 });
export type JobFile = z.infer<typeof JobFile>;

const Archive = z.object({ key: ProfileKey, sizeBytes: z.int().nonnegative(), sha256: Sha256 });

const ExtensionTrial = z.object({
  warnings: z.array(
    z.object({
      kind: z.enum(['manifest', 'runtime']),
      message: z.string(),
      source: z.string().optional(),
    }),
  ),
  errors: z.array(z.string()),
});

/** What any node does for whoever asks: its name in subjects, what is asked, and what comes of it. */
export interface Job<Task, Result> {
  name: string;
  task: z.ZodType<Task>;
  result: z.ZodType<Result>;
}

export const JOBS = {
  /** `packed` is the extension's directory, as `packDirectory` packs it. */
  tryOut: {
    name: 'extension.try',
    task: z.object({ packed: JobFile }),
    result: ExtensionTrial,
  },
  toStorageState: {
    name: 'state.export',
    task: z.object({ archive: Archive }),
    result: StorageState,
  },
  /** `state` is JSON: a `GivenStorageState`. */
  fromStorageState: {
    name: 'state.import',
    task: z.object({ profileId: z.uuid(), state: JobFile }),
    result: Archive,
  },
} as const;

export function requestOf<Task>(task: z.ZodType<Task>) {
  return z.object({
    /** For how long from now somebody waits for the answer. */
    budgetMs: z.int().nonnegative().max(BUDGET_MAX_MS),
    /** Where the result is to be put, as JSON: it may be larger than a message. */
    resultKey: JobKey,
    task,
  });
}

export const Answer = z.discriminatedUnion('is', [
  z.object({ is: z.literal('done'), sha256: Sha256 }),
  z.object({ is: z.literal('failed'), problem: Problem }),
]);
export type Answer = z.infer<typeof Answer>;
