import { z } from '@hono/zod-openapi';
import { isRule, PERSONA_ID_MAX, PROXY_TYPES } from '../../runtime-manager/runtime/index.ts';

/** A host name or an address, IPv6 with or without brackets: nothing that could be read as a flag. */
const HOST = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** Which a database can keep. */
const Text = z
  .string()
  .max(10_000)
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'has characters that are none');

export const Proxy = z
  .strictObject({
    host: z.string().regex(HOST, 'Not a host name or address'),
    port: z.int().min(1).max(65535),
    type: z.enum(PROXY_TYPES),
    username: Text.optional(),
    password: Text.optional(),
  })
  .superRefine(({ type, username, password }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (username === undefined && password === undefined) return;
    if (username === undefined) return refuse('username', 'Missing, beside a password');
    if (password === undefined) return refuse('password', 'Missing, beside a username');
    // RFC 7617
    if (type === 'http' && username.includes(':')) {
      return refuse('username', 'An http proxy takes no colon in it');
    }
    if (type === 'http') return;
    for (const [field, text] of Object.entries({ username, password })) {
      const bytes = Buffer.byteLength(text);
      // RFC 1929
      if (bytes < 1 || bytes > 255) refuse(field, 'A socks5 proxy takes 1 to 255 bytes');
    }
  })
  .openapi('Proxy', {
    description:
      'What the traffic goes through. Both of `username` and `password`, or neither; they are never shown.',
  });

const Rule = z
  .string()
  .max(300)
  .refine(isRule, 'Not an address, a range of addresses, a host name, *.name or *');

export const EgressRules = z
  .strictObject({
    allow: z.array(Rule).max(200).optional().openapi({
      description: 'When it is there, only what matches may be reached.',
    }),
    deny: z.array(Rule).max(200).optional().openapi({
      description: 'What matches may not be reached.',
    }),
  })
  .openapi('EgressRules', {
    description:
      'Where the browser may go, within what the service lets any go. A rule is an address, a range (`10.0.0.0/8`), a host name, `*.` and a name for all below it, or `*`. Ranges do not match names that only a proxy resolves.',
    example: { allow: ['example.com', '*.example.com'] },
  });

/** What a `BrowserConfig` has, without the rules about what goes together. */
export const BrowserConfigFields = z.strictObject({
  humanize: z.boolean().optional().openapi({
    description:
      'Makes the input of every driver as a person would give it: curved movements of the mouse that take their time, clicks beside the middle, keys in a rhythm. Commands are answered when they are done.',
  }),
  humanizePersonaId: z.int().min(0).max(PERSONA_ID_MAX).optional().openapi({
    description:
      'Which person: the same id moves and types in the same way, on any machine. Only with `humanize: true`; without it, it follows from the id of the profile or runtime.',
  }),
  proxy: Proxy.nullable().optional(),
  solveCaptchas: z.boolean().optional().openapi({
    description:
      'Captchas on the pages are solved as they come: proof of work by the browser itself, the others by the solver that the service has. Without one the runtime says so in `warnings`. For sites that you may automate.',
  }),
});

export const BrowserConfig = BrowserConfigFields.superRefine((config, context) => {
  if (config.humanizePersonaId === undefined || config.humanize) return;
  const message = 'A persona needs humanize: true';
  context.addIssue({ code: 'custom', path: ['humanizePersonaId'], message });
}).openapi('BrowserConfig');

export const ExtensionIds = z.array(Text).openapi({
  description: 'Ids of browser extensions, loaded in this order; one that is named twice is one.',
});

/** `most`: how many a runtime may have. */
export const extensionIdsUpTo = (most: number) =>
  ExtensionIds.refine((ids) => new Set(ids).size <= most, `At most ${most} extensions`);
