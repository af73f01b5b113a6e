import { z } from 'zod';
import { BINDING_TYPES } from './calls/kinds.ts';

/** A file that a step or a tool has made. */
export const ProducedFile = z.object({
  name: z.string(),
  contentType: z.string(),
  content: z.string().transform((text) => Buffer.from(text, 'base64')),
});

const Logs = z.array(z.object({ level: z.string(), text: z.string(), url: z.string() }));

/** What the process that carries steps out says of one; the service takes nothing else from it. */
export const Outcome = z.object({
  dryRun: z.boolean().optional(),
  value: z.json().optional(),
  binding: z.object({ alias: z.string(), id: z.string(), type: z.enum(BINDING_TYPES) }).optional(),
  file: ProducedFile.optional(),
  logs: Logs.optional(),
});
export type StepOutcome = z.infer<typeof Outcome>;

/** What is said of a step that failed, beside a code and a message. */
export const FailedStep = z.object({
  logs: Logs.optional(),
  /** Whether the process is of no more use: input of the step goes on, or a page has crashed. */
  isSpent: z.boolean(),
});
