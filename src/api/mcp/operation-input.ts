import { z } from 'zod';
import {
  bodySchemaOf,
  parametersOf,
  type Components,
  type Operation,
  type Schema,
} from './operation.ts';

const REF = '#/components/schemas/';
/** What OpenAPI adds to JSON Schema. */
const OF_OPENAPI = new Set(['discriminator', 'example']);
/** What a body is called that is not taken apart into arguments. */
export const BODY = 'body';

const ObjectSchema = z.object({
  type: z.literal('object'),
  properties: z.record(z.string(), z.json()),
  required: z.array(z.string()).default([]),
});

/** A choice that has one alternative so far. */
const OnlyOne = z.object({ oneOf: z.tuple([z.record(z.string(), z.json())]) });

/**
 * The arguments of an operation as a tool: one object for its path, its query and its body. A body
 * that is no plain object, or has a field with the name of a parameter, is an argument by itself.
 */
export function inputSchemaOf(operation: Operation, components: Components) {
  const placed = fieldsOfParameters(operation);
  const given = fieldsOfBody(operation, components, placed.properties);
  const schema = {
    properties: { ...placed.properties, ...given.properties },
    required: [...placed.required, ...given.required],
    additionalProperties: false,
  };
  const $defs = referredIn(schema, components);
  return {
    ...toLocal(schema),
    type: 'object' as const,
    ...(Object.keys($defs).length > 0 && { $defs: toLocal($defs) }),
  };
}

/** Fields of the arguments. */
interface Fields {
  properties: Schema;
  required: string[];
}

function fieldsOfParameters(operation: Operation): Fields {
  const properties: Schema = {};
  const required: string[] = [];
  for (const { argument, description, ...parameter } of parametersOf(operation)) {
    const schema = parameter.schema ?? parameter.content?.['application/json'].schema ?? {};
    properties[argument] = description === undefined ? schema : { ...schema, description };
    if (parameter.required) required.push(argument);
  }
  return { properties, required };
}

function fieldsOfBody(operation: Operation, components: Components, taken: Schema): Fields {
  const body = bodySchemaOf(operation);
  if (!body) return { properties: {}, required: [] };
  const fields = fieldsOf(body, components);
  if (fields && Object.keys(fields.properties).every((name) => !(name in taken))) return fields;
  return {
    properties: { [BODY]: body },
    required: operation.requestBody?.required ? [BODY] : [],
  };
}

function fieldsOf(body: Schema, components: Components) {
  const { data: only } = OnlyOne.safeParse(resolve(body, components));
  const resolved = only ? resolve(only.oneOf[0], components) : resolve(body, components);
  return ObjectSchema.safeParse(resolved).data;
}

function resolve(schema: Schema, components: Components): Schema | undefined {
  const { $ref } = schema;
  return typeof $ref === 'string' ? components[$ref.replace(REF, '')] : schema;
}

/** All components that a schema refers to, also by way of others. */
function referredIn(schema: object, components: Components, found: Components = {}): Components {
  for (const [, name = ''] of JSON.stringify(schema).matchAll(
    /"#\/components\/schemas\/([^"]+)"/g,
  )) {
    const component = components[name];
    if (!component || name in found) continue;
    found[name] = component;
    referredIn(component, components, found);
  }
  return found;
}

/** The same as plain JSON Schema, with references to the components beside it. */
function toLocal<T extends object>(schema: T): T {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    OF_OPENAPI.has(key) ? undefined : value,
  );
  return JSON.parse(text.replaceAll(`"${REF}`, '"#/$defs/'));
}
