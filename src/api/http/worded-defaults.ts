import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';

type Reference = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const Schema = z.looseObject({
  $ref: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
});
const SCHEMAS = '#/components/schemas/';

/**
 * Says the defaults of requests in words. Generators of clients take a field with a `default` for one
 * that is always there, which is true of answers and wrong for requests.
 */
export function withWordedDefaults(reference: Reference): Reference {
  const schemas: Record<string, unknown> = reference.components?.schemas ?? {};
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    const { $ref: ref } = Schema.catch({}).parse(value);
    if (ref?.startsWith(SCHEMAS)) visit(schemas[ref.slice(SCHEMAS.length)]);
    if ('properties' in value) Object.values(Object(value.properties)).forEach(wordDefault);
    Object.values(value).forEach(visit);
  };
  for (const methods of Object.values(reference.paths ?? {})) {
    for (const operation of Object.values(methods)) visit(Object(operation).requestBody);
  }
  return reference;
}

function wordDefault(property: unknown): void {
  const schema = Schema.safeParse(property).data;
  if (schema?.default === undefined) return;
  const words = `By default \`${JSON.stringify(schema.default)}\`.`;
  const description = [schema.description, words].filter(Boolean).join(' ');
  Object.assign(Object(property), { description });
  Reflect.deleteProperty(Object(property), 'default');
}
