import { z } from '@hono/zod-openapi';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const NAME_RULE =
  'Up to 128 letters, digits, dots, underscores and hyphens, with a letter or digit first';

/** What workspaces and storage namespaces are called: a reference is an id or a name, never both. */
export const Name = z
  .string()
  .regex(NAME, NAME_RULE)
  .refine((name) => !z.uuid().safeParse(name).success, 'A name must not look like an id');
