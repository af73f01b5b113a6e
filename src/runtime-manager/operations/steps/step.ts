import { z } from 'zod';

export const MOST_STEPS = 1000;
export const MOST_TIMEOUT_MS = 300_000;
const DEFAULT_TIMEOUT_MS = 30_000;
/** More than any call takes: the arguments themselves are judged by their call. */
const MOST_ARGUMENTS = 10;

export const Alias = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,63}$/,
    'Must be a letter or "_", and then at most 63 letters, digits and "_"',
  );

const Name = z
  .string()
  .max(200)
  .refine(
    (name) => !name.includes('\0') && name.isWellFormed(),
    'Has a NUL character or a lone surrogate',
  )
  .describe('A name of yours for a script.');

const StepOptions = z.strictObject({
  timeoutMs: z
    .int()
    .min(1)
    .max(MOST_TIMEOUT_MS)
    .default(DEFAULT_TIMEOUT_MS)
    .describe(
      'How long the step may take, in milliseconds. Calls accept no timeout in their own arguments.',
    ),
  logs: z
    .enum(['off', 'capture'])
    .default('off')
    .describe('Whether the result contains what pages write to the console during the step.'),
  dryRun: z.boolean().default(false).describe('Checks the step without carrying it out.'),
  scriptId: Name.optional(),
  scriptName: Name.optional(),
});

export const Step = z.strictObject({
  call: z
    .string()
    .min(1)
    .max(200)
    .describe(
      'A Playwright call on `page`, `context`, `keyboard`, `mouse`, `touchscreen` or an alias, such as `page.goto`; or `execute`.',
    ),
  args: z
    .array(z.unknown())
    .max(MOST_ARGUMENTS)
    .default([])
    .describe('The arguments of the call, in the order in which Playwright takes them.'),
  as: Alias.optional().describe(
    'The alias under which later steps can use the result of this step.',
  ),
  options: StepOptions.prefault({}),
});
export type Step = z.output<typeof Step>;

export const Steps = z.array(Step).min(1).max(MOST_STEPS);
