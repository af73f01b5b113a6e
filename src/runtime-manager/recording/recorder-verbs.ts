import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';

/** How a recorder fares, as it is told over the seam. */
const RecordingReport = z.object({ isPaused: z.boolean() });
export type RecordingReport = z.infer<typeof RecordingReport>;

const verb = <Name extends string>(name: Name) =>
  ({
    name: `recording.${name}`,
    message: z.object({}),
    answer: RecordingReport,
  }) as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

export const pauseRecorder = verb('pause');
export const resumeRecorder = verb('resume');
