import { z } from 'zod';
import { SCOPES } from '../../runtime-manager/runtime/index.ts';

const Schema = z.record(z.string(), z.json());
export type Schema = z.infer<typeof Schema>;

const AsJson = z.object({ schema: Schema });

/** An operation of the API, as its OpenAPI document has it. */
export const Operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().default(''),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean().default(false),
        description: z.string().optional(),
        schema: Schema.optional(),
        content: z.object({ 'application/json': AsJson }).optional(),
      }),
    )
    .default([]),
  requestBody: z
    .object({
      required: z.boolean().default(false),
      content: z.object({ 'application/json': AsJson.optional() }),
    })
    .optional(),
  'x-required-scopes': z.array(z.enum(SCOPES)),
});
export type Operation = z.infer<typeof Operation>;

/** What is read of the document. */
export const OpenApiDocument = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
});
export type Components = Record<string, Schema>;

/** The one header that is an argument of tools too. */
const IDEMPOTENCY_KEY = { header: 'Idempotency-Key', argument: 'idempotencyKey' } as const;

/** The parameters of an operation, each with its name as an argument. */
export function parametersOf({ parameters }: Operation) {
  return parameters.flatMap((parameter) => {
    if (parameter.in !== 'header') return [{ ...parameter, argument: parameter.name }];
    const { header, argument } = IDEMPOTENCY_KEY;
    return parameter.name === header ? [{ ...parameter, argument }] : [];
  });
}

export function bodySchemaOf({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content['application/json']?.schema;
}
