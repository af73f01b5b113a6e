import { z } from 'zod';

/**
 * A field that JSON may leave out. JSON has no undefined, so the field never is undefined, as with
 * `z.exactOptional`; but the generator of the OpenAPI document takes for required what refuses undefined.
 */
export function absentable<T extends z.ZodType>(schema: T): z.ZodExactOptional<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return z.optional(schema) as unknown as z.ZodExactOptional<T>;
}
