import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';
import { HOLDERS } from './control.ts';

/** Who drives a browser, as it is told over the seam. */
const ControlReport = z.object({
  holder: z.enum(HOLDERS),
  since: z.coerce.date(),
  /** While a person drives. */
  hold: z
    .object({
      viewer: z.string().optional(),
      reason: z.string().optional(),
      idleMs: z.number(),
      clientsWaitMs: z.number(),
    })
    .optional(),
  request: z.object({ reason: z.string(), at: z.coerce.date() }).optional(),
});
export type ControlReport = z.infer<typeof ControlReport>;

export const getControl = {
  name: 'control.get',
  message: z.object({}),
  answer: ControlReport,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

/** Gives control to a person, whichever viewer that is, or back to programs. */
export const setControl = {
  name: 'control.set',
  message: z.discriminatedUnion('holder', [
    z.object({
      holder: z.literal('human'),
      reason: z.string().optional(),
      idleMs: z.number(),
      clientsWaitMs: z.number(),
    }),
    z.object({ holder: z.literal('agent') }),
  ]),
  answer: ControlReport,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

/** Asks for a person. */
export const requestControl = {
  name: 'control.request',
  message: z.object({ reason: z.string() }),
  answer: ControlReport,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
