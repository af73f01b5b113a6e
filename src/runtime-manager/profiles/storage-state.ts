import { z } from 'zod';

/** What Playwright's `storageState` is: https://playwright.dev/docs/api/class-browsercontext#browser-context-storage-state */
export const StorageState = z.looseObject({
  cookies: z.array(
    z.looseObject({
      name: z.string(),
      value: z.string(),
      domain: z.string(),
      path: z.string(),
      expires: z.number(),
      httpOnly: z.boolean(),
      secure: z.boolean(),
      sameSite: z.enum(['Strict', 'Lax', 'None']),
    }),
  ),
  origins: z.array(
    z.looseObject({
      origin: z.url({ protocol: /^https?$/ }),
      localStorage: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ),
});
export type StorageState = z.infer<typeof StorageState>;

/** The last second of the year 9999: https://www.rfc-editor.org/rfc/rfc6265#section-5.1.1 */
const EXPIRES_MAX = 253_402_300_799;
const SITE = z.url({ protocol: /^https?$/ });

/** Cookies as `context.addCookies` takes them: Chromium decides what is left out. */
const GivenCookie = z
  .object({
    name: z.string(),
    value: z.string(),
    url: SITE.exactOptional(),
    domain: z.string().exactOptional(),
    path: z.string().exactOptional(),
    expires: z
      .number()
      .max(EXPIRES_MAX)
      .refine((expires) => expires >= 0 || expires === -1, 'Neither -1 nor a time in seconds')
      .exactOptional(),
    httpOnly: z.boolean().exactOptional(),
    secure: z.boolean().exactOptional(),
    sameSite: z.enum(['Strict', 'Lax', 'None']).exactOptional(),
    partitionKey: z.string().exactOptional(),
    _crHasCrossSiteAncestor: z.boolean().exactOptional(),
  })
  .superRefine(({ url, domain, path }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (url !== undefined) {
      for (const [field, value] of Object.entries({ domain, path })) {
        if (value) refuse(field, 'A cookie has either a url, or a domain and a path');
      }
      return;
    }
    for (const [field, value] of Object.entries({ domain, path })) {
      if (!value) refuse(field, 'A cookie without a url has a domain and a path');
    }
  });

const keyPath = {
  keyPath: z.string().exactOptional(),
  keyPathArray: z.array(z.string()).exactOptional(),
};

const GivenDatabase = z.object({
  name: z.string(),
  version: z.int(),
  stores: z.array(
    z.object({
      name: z.string(),
      autoIncrement: z.boolean(),
      ...keyPath,
      records: z.array(z.looseObject({})),
      indexes: z.array(
        z.object({ name: z.string(), ...keyPath, multiEntry: z.boolean(), unique: z.boolean() }),
      ),
    }),
  ),
});

const GivenOrigin = z.object({
  origin: SITE,
  localStorage: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  indexedDB: z.array(GivenDatabase).exactOptional(),
  opfs: z
    .array(
      z.object({
        path: z.string(),
        type: z.enum(['file', 'directory']),
        base64: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
});

/** A storage state as Playwright takes it: fields that Playwright does not know are left out. */
export const GivenStorageState = z.strictObject({
  cookies: z.array(GivenCookie).default([]),
  origins: z.array(GivenOrigin).default([]),
  credentials: z
    .array(z.unknown())
    .max(0, 'Virtual credentials end with their context: no profile keeps them')
    .exactOptional(),
});
export type GivenStorageState = z.infer<typeof GivenStorageState>;
