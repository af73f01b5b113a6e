import { z } from '@hono/zod-openapi';
import { isRule, PERSONA_ID_MAX, PROXY_TYPES } from '../../runtime-manager/runtime/index.ts';

/** A host name or an address, IPv6 with or without brackets: nothing that could be read as a flag. */
const HOST = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** Text that Postgres can store. */
const Text = z
  .string()
  .max(10_000)
  .refine(
    (text) => !text.includes('\0') && text.isWellFormed(),
    'has a NUL character or a lone surrogate',
  );

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
    if (username === undefined) return refuse('username', 'Required when there is a password');
    if (password === undefined) return refuse('password', 'Required when there is a username');
    // RFC 7617
    if (type === 'http' && username.includes(':')) {
      return refuse('username', 'A username for an http proxy must not contain a colon');
    }
    if (type === 'http') return;
    for (const [field, text] of Object.entries({ username, password })) {
      const bytes = Buffer.byteLength(text);
      // RFC 1929
      if (bytes < 1 || bytes > 255) refuse(field, 'A socks5 proxy requires 1 to 255 bytes');
    }
  })
  .openapi('Proxy', {
    description:
      'The proxy that the browser uses. Give both `username` and `password`, or neither. Responses never contain the password.',
  });

const Rule = z
  .string()
  .max(300)
  .refine(isRule, 'Not an address, a range of addresses, a host name, *.name or *');

export const EgressRules = z
  .strictObject({
    allow: z.array(Rule).max(200).optional().openapi({
      description:
        'If present, the browser may connect only to destinations that match one of these rules.',
    }),
    deny: z.array(Rule).max(200).optional().openapi({
      description: 'The browser may not connect to destinations that match one of these rules.',
    }),
  })
  .openapi('EgressRules', {
    description:
      'What the browser may connect to, within the limits that the service sets for all browsers. A rule is an IP address, a range such as `10.0.0.0/8`, a host name, `*.example.com` for all subdomains of a name, or `*` for everything. Ranges do not match host names that only a proxy resolves.',
    example: { allow: ['example.com', '*.example.com'] },
  });

/** The fields of a `BrowserConfig`, without the rules about which go together. */
export const BrowserConfigFields = z.strictObject({
  humanize: z.boolean().optional().openapi({
    description:
      'Makes the input of every driver look human: the mouse moves along curves at a human pace, clicks land off-centre, and typing has a rhythm. A command returns when its input is complete.',
  }),
  humanizePersonaId: z.int().min(0).max(PERSONA_ID_MAX).optional().openapi({
    description:
      'The persona to imitate: the same id moves and types in the same way on any machine. Requires `humanize: true`. If omitted, the persona is derived from the id of the profile or runtime.',
  }),
  proxy: Proxy.nullable().optional(),
  solveCaptchas: z.boolean().optional().openapi({
    description:
      'Solves captchas as they appear on pages. The browser itself solves proof-of-work captchas; the configured solver handles all others. If no solver is configured, the `warnings` of the runtime say so. Use this only on sites that you are allowed to automate.',
  }),
});

export const BrowserConfig = BrowserConfigFields.superRefine((config, context) => {
  if (config.humanizePersonaId === undefined || config.humanize) return;
  const message = 'A persona needs humanize: true';
  context.addIssue({ code: 'custom', path: ['humanizePersonaId'], message });
}).openapi('BrowserConfig');

export const ExtensionIds = z.array(Text).openapi({
  description: 'The ids of the browser extensions to load, in this order. Duplicates are ignored.',
});

/** `most`: how many a runtime may have. */
export const extensionIdsUpTo = (most: number) =>
  ExtensionIds.refine((ids) => new Set(ids).size <= most, `At most ${most} extensions`);
