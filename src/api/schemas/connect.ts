import { z } from '@hono/zod-openapi';
import { browserRuntime, type RequestCeilings } from './runtime.ts';

/**
 * The fields of a create as a query, and those of the connection. A client gives text fields as
 * they are and all others as JSON. Missing, unknown and wrong fields are refused as in the body of
 * a create.
 */
export function connectQuery(ceilings: RequestCeilings) {
  const { shape } = browserRuntime(ceilings);
  const fields = z.strictObject({
    ...shape,
    alias: shape.alias.optional().openapi({
      description: 'Your name for the runtime; by default the service chooses one.',
    }),
    kind: shape.kind.default('browser'),
    keepAlive: z.boolean().default(false).openapi({
      description:
        'Whether the runtime continues after the websocket closes. It then ends at its time limits, or when you stop it.',
    }),
    token: z.string().optional().openapi({
      description:
        'The API key, for clients that accept only a URL. Prefer the Authorization header.',
    }),
  });
  const known = new Map<string, z.core.$ZodType>(Object.entries(fields.shape));
  return z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .transform((given, context) => {
      const entries = Object.entries(given).map(([name, value]) => {
        const field = known.get(name);
        const read =
          typeof value === 'string' ? readField(value, field) : { problem: 'Given twice' };
        if ('problem' in read) {
          context.addIssue({ code: 'custom', path: [name], message: read.problem });
        }
        return [name, 'value' in read ? read.value : undefined] as const;
      });
      return Object.fromEntries(entries);
    })
    .pipe(fields);
}

type Read = { value: unknown } | { problem: string };

const TEXTS = new Set(['string', 'enum', 'literal']);
const SCALARS = new Set(['number', 'boolean']);

/** Leaves it to the schema to refuse wrong values and unknown fields. */
function readField(text: string, field: z.core.$ZodType | undefined): Read {
  const type = typeOf(field);
  if (type === undefined || TEXTS.has(type)) return { value: text };
  const read = parse(text);
  if (read) return read;
  return SCALARS.has(type) ? { value: text } : { problem: 'Must be percent-encoded JSON' };
}

function typeOf(field: z.core.$ZodType | undefined): string | undefined {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) {
    return typeOf(field.unwrap());
  }
  return field?._zod.def.type;
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
