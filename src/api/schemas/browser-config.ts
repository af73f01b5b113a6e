import { z } from '@hono/zod-openapi';
import { PROXY_TYPES } from '../../runtime-manager/index.ts';

/** A host name or an address, IPv6 with or without brackets: nothing that could be read as a flag. */
const HOST = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** Which a database can keep. */
const Text = z
  .string()
  .max(10_000)
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'has characters that are none');

const Proxy = z
  .strictObject({
    host: z.string().regex(HOST, 'Not a host name or address'),
    port: z.int().min(1).max(65535),
    type: z.enum(PROXY_TYPES),
    username: Text.optional(),
    password: Text.optional(),
  })
  .openapi('Proxy');

export const BrowserConfig = z
  .strictObject({
    humanize: z.boolean().optional(),
    humanizePersonaId: z.int().optional(),
    proxy: Proxy.nullable().optional(),
    solveCaptchas: z.boolean().optional(),
  })
  .openapi('BrowserConfig');

export const ExtensionIds = z.array(Text);
