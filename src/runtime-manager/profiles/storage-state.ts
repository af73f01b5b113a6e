import { z } from 'zod';
import { absentable } from '../absentable.ts';

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
    url: absentable(SITE),
    domain: absentable(z.string()),
    path: absentable(z.string()),
    expires: absentable(
      z
        .number()
        .max(EXPIRES_MAX)
        .refine((expires) => expires >= 0 || expires === -1, 'Neither -1 nor a time in seconds'),
    ),
    httpOnly: absentable(z.boolean()),
    secure: absentable(z.boolean()),
    sameSite: absentable(z.enum(['Strict', 'Lax', 'None'])),
    partitionKey: absentable(z.string()),
    _crHasCrossSiteAncestor: absentable(z.boolean()),
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
  keyPath: absentable(z.string()),
  keyPathArray: absentable(z.array(z.string())),
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
  indexedDB: absentable(z.array(GivenDatabase)),
  opfs: absentable(
    z.array(
      z.object({
        path: z.string(),
        type: z.enum(['file', 'directory']),
        base64: absentable(z.string()),
      }),
    ),
  ),
});

/** A storage state as Playwright takes it: fields that Playwright does not know are left out. */
export const GivenStorageState = z.strictObject({
  cookies: z.array(GivenCookie).default([]),
  origins: z.array(GivenOrigin).default([]),
  credentials: absentable(
    z
      .array(z.unknown())
      .max(0, 'Virtual credentials end with their context: no profile keeps them'),
  ),
});
export type GivenStorageState = z.infer<typeof GivenStorageState>;
