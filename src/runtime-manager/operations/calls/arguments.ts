/** What arguments of calls look like in JSON. */
import { z } from 'zod';
import { filePathProblem } from '../../files/file-path.ts';
import { GivenFile, Reference, ResultPath, Source } from './stand-ins.ts';

export const text = z.string();
export const flag = z.boolean();
export const number = z.number();
export const url = z.string().min(1, 'Must be a URL');
export const selector = z.string().min(1, 'Must be a selector');
export const key = z.string().min(1, 'Must be the name of a key, such as "Enter"');
export const milliseconds = z.number().min(0).max(300_000);

const Pattern = z.strictObject({ regex: z.string(), flags: z.string().default('') });
export const textOrPattern = z
  .union([z.string(), Pattern], { error: 'Must be a string, or { "regex": "…", "flags": "i" }' })
  .transform((given, context) => (typeof given === 'string' ? given : toRegExp(given, context)));

function toRegExp({ regex, flags }: z.output<typeof Pattern>, context: z.RefinementCtx): RegExp {
  try {
    return new RegExp(regex, flags);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'Is no regular expression';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
}

export const source = z
  .string()
  .refine((code) => code.trim() !== '', 'Must be an expression or a function, as a string')
  .transform((code) => new Source(code));

export const locator = z
  .strictObject(
    { handle: z.string() },
    { error: 'Must be { "handle": "…" } with the alias of a locator' },
  )
  .transform(({ handle }) => new Reference('locator', handle));

export const resultPath = z.string().transform((path, context) => {
  refuseWrongPath(path, context);
  return new ResultPath(path);
});

const Payload = z
  .strictObject({ name: z.string().min(1), mimeType: z.string(), base64: z.base64() })
  .transform(({ base64, ...named }) => ({ ...named, buffer: Buffer.from(base64, 'base64') }));
export const files = z
  .union([z.string(), z.array(z.string()), Payload, z.array(Payload)], {
    error:
      'Must be the path of a file of the runtime, a list of paths, or contents as { "name", "mimeType", "base64" }',
  })
  .transform((given, context) => {
    const toGiven = (file: string) => {
      refuseWrongPath(file, context);
      return new GivenFile(file);
    };
    if (typeof given === 'string') return toGiven(given);
    return isPaths(given) ? given.map(toGiven) : given;
  });

function isPaths(given: object): given is string[] {
  return Array.isArray(given) && given.every((one) => typeof one === 'string');
}

function refuseWrongPath(path: string, context: z.RefinementCtx): void {
  const message = filePathProblem(path);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
}

const Choice = z.strictObject({
  value: z.string().exactOptional(),
  label: z.string().exactOptional(),
  index: z.int().min(0).exactOptional(),
});
export const choices = z.union(
  [z.null(), z.string(), z.array(z.string()), Choice, z.array(Choice)],
  {
    error: 'Must be a value, a list of values, or { "value", "label", "index" }',
  },
);

export const waitUntil = z.enum(['load', 'domcontentloaded', 'networkidle', 'commit']);
export const headers = z.record(z.string(), z.string());
