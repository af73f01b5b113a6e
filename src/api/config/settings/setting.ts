import { z } from 'zod';

export const MIB = 1024 ** 2;
export const DAY_MS = 86_400_000;

/** Printable ASCII without spaces at its ends. */
export const HEADER_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;

export const integer = (min: number, max: number) => {
  const error = `not a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, error)
    .transform(Number)
    .pipe(z.number(error).min(min, error).max(max, error));
};

export const httpUrl = (example: string) =>
  z.url({ protocol: /^https?$/, error: `not an http or https URL, such as ${example}` });

export const oneOf = <T extends readonly string[]>(values: T) =>
  z.enum(values, `not one of ${values.join(', ')}`);

/** Texts between commas. */
export const list = z.string().transform((text) => text.split(',').map((item) => item.trim()));

export const HEADER_TEXT_RULE =
  'has characters that a header cannot carry, such as spaces at its ends';

/** The values of a group of variables. */
export type ValuesOf<T extends z.core.$ZodLooseShape> = z.output<z.ZodObject<T>>;

/** A variable, with what the docs say of it. */
export function setting<T extends z.ZodType>(
  schema: T,
  description: string,
  /** `default`: in words, where it is not a fixed value. */
  shown: { default?: string } = {},
): T {
  return schema.meta({ description, shown });
}

/** Whether only this machine reaches a host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}
