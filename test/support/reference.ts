import type { Answer } from './http.ts';
import type { TestService } from './service.ts';

/** Tests look into documents freely. */
type Json = Answer['json'];

/** What the OpenAPI document says of an operation, as far as a call needs it. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  parameters: { name: string; in: string; required?: boolean; example: unknown }[];
  /** By media type: the example, if there is one. */
  bodies: Map<string, unknown>;
  description: unknown;
}

/** The operations of a document, by their ids. */
export async function readReference(
  service: Pick<TestService, 'call'>,
): Promise<Map<string, Operation>> {
  const { json: document } = await service.call('GET', '/openapi.json');
  const operations = Object.entries<Record<string, Json>>(document.paths).flatMap(
    ([path, methods]) => Object.entries(methods).map(([method, said]) => ({ path, method, said })),
  );
  return new Map(
    operations.map(({ path, method, said }) => {
      const bodies = Object.entries<Json>(said.requestBody?.content ?? {}).map(
        ([type, { schema, example }]) =>
          [type, example ?? resolved(document, schema).example ?? ''] as const,
      );
      const parameters = (said.parameters ?? []).map((one: Json) => ({
        ...one,
        example: one.example ?? one.schema?.example,
      }));
      const { operationId: id, description } = said;
      return [id, { id, method, path, parameters, bodies: new Map(bodies), description }];
    }),
  );
}

function resolved(document: Json, schema: Json): Json {
  const { $ref: ref } = schema;
  return ref === undefined ? schema : document.components.schemas[ref.split('/').at(-1)];
}
