import { z } from '@hono/zod-openapi';
import {
  PROXY_TYPES,
  VERSION_KINDS,
  type BrowserProfile,
  type ProfileVersion,
} from '../../runtime-manager/runtime/index.ts';
import {
  BrowserConfig,
  BrowserConfigFields,
  ExtensionIds,
  extensionIdsUpTo,
} from './browser-config.ts';
import { nextCursor } from './paging.ts';
import { EXAMPLE_ID } from './example-id.ts';

const NAME_MAX = 200;
const VERSION_MAX = 999_999_999;
const VIEWPORT_MIN = 100;
const VIEWPORT_MAX = 7680;
const USER_AGENT = /^[ -~]{1,1000}$/;
const TIMEZONE = /^[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*$/;

const Name = z
  .string()
  .trim()
  .min(1)
  .max(NAME_MAX)
  .refine((name) => !name.includes('\0'), 'has a NUL character');

const side = z.int().min(VIEWPORT_MIN).max(VIEWPORT_MAX);

const Fingerprint = z
  .strictObject({
    locale: z.string().refine(isLanguageTag, 'Not a BCP 47 language tag, such as de-DE').optional(),
    timezone: z
      .string()
      .refine(isTimeZone, 'Not an IANA time zone, such as Europe/Berlin')
      .optional(),
    viewport: z.strictObject({ width: side, height: side }).optional(),
    userAgent: z.string().regex(USER_AGENT, 'Not up to 1000 printable ASCII characters').optional(),
  })
  .openapi('Fingerprint', {
    description: 'How the browser presents itself to every page, worker and frame.',
  });

/** The requests that write a profile, which may have `maxExtensions` extensions. */
export function profileRequests(maxExtensions: number) {
  const extensionIds = extensionIdsUpTo(maxExtensions);
  const create = z
    .strictObject({
      name: Name,
      config: BrowserConfig.default({}),
      extensionIds: extensionIds.default([]),
      fingerprint: Fingerprint.default({}),
    })
    .openapi('CreateBrowserProfileRequest', {
      example: { name: 'shop', fingerprint: { locale: 'en-US', timezone: 'Europe/Berlin' } },
    });
  const update = z
    .strictObject({
      name: Name.optional(),
      config: BrowserConfig.optional(),
      extensionIds: extensionIds.optional(),
      fingerprint: Fingerprint.optional(),
    })
    .openapi('UpdateBrowserProfileRequest', {
      description:
        'Each field replaces the whole previous value, from the next launch on. Omitted fields do not change.',
      example: { name: 'shop in Berlin' },
    });
  return { create, update };
}

export const ForkProfileRequest = z
  .strictObject({
    name: Name,
    version: z
      .int()
      .min(1)
      .max(VERSION_MAX)
      .optional()
      .openapi({ description: 'The version to copy; by default the current one.' }),
  })
  .openapi('ForkBrowserProfileRequest', { example: { name: 'shop, second account' } });

const id = z.string().openapi({ description: "The profile's id.", example: EXAMPLE_ID });
const VERSION = /^[1-9]\d{0,8}$/;

export const ProfilePath = z.object({ profileId: id });
export const VersionPath = z.object({
  profileId: id,
  version: z
    .string()
    .regex(VERSION, 'Not the number of a version')
    .transform(Number)
    .openapi({ example: '1' }),
});

const ShownProxy = z
  .object({
    host: z.string(),
    port: z.int(),
    type: z.enum(PROXY_TYPES),
    username: z.string().optional(),
  })
  .openapi('ShownProxy', { description: 'The proxy, without its password.' });

export const ProfileBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    config: BrowserConfigFields.omit({ proxy: true }).extend({
      proxy: ShownProxy.nullable().optional(),
    }),
    extensionIds: ExtensionIds,
    fingerprint: Fingerprint,
    currentVersion: z.int().nullable().openapi({
      description:
        'The version that the next launch starts from; null if nothing has been saved yet.',
    }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('BrowserProfile');

export const ProfileList = z
  .object({ profiles: z.array(ProfileBody), nextCursor })
  .openapi('BrowserProfileList');

export const VersionBody = z
  .object({
    version: z.int(),
    kind: z.enum(VERSION_KINDS).openapi({
      description:
        'How the version was created: `saved` when a runtime ended, `checkpoint` while a runtime was active, `recovered` after a crash (it becomes current only if you restore it), `imported`, or `forked` from another profile.',
    }),
    isCurrent: z.boolean(),
    sizeBytes: z.int(),
    sha256: z.string(),
    runtimeId: z.uuid().nullable(),
    createdAt: z.iso.datetime(),
  })
  .openapi('BrowserProfileVersion');

export const VersionList = z
  .object({ versions: z.array(VersionBody) })
  .openapi('BrowserProfileVersionList');

export function toProfileBody(profile: BrowserProfile): z.infer<typeof ProfileBody> {
  const { proxy, ...config } = profile.config;
  return {
    id: profile.id,
    name: profile.name,
    config: { ...config, ...(proxy !== undefined && { proxy: proxy && toShownProxy(proxy) }) },
    extensionIds: profile.extensionIds,
    fingerprint: profile.fingerprint,
    currentVersion: profile.currentVersion ?? null,
    createdAt: profile.createdAt.toISOString(),
    updatedAt: profile.updatedAt.toISOString(),
  };
}

function toShownProxy(proxy: z.infer<typeof ShownProxy>): z.infer<typeof ShownProxy> {
  const { host, port, type, username } = proxy;
  return { host, port, type, ...(username !== undefined && { username }) };
}

export function toVersionBody(
  version: ProfileVersion,
  { currentVersion }: BrowserProfile,
): z.infer<typeof VersionBody> {
  return {
    version: version.version,
    kind: version.kind,
    isCurrent: version.version === currentVersion,
    sizeBytes: version.sizeBytes,
    sha256: version.sha256,
    runtimeId: version.runtimeId ?? null,
    createdAt: version.createdAt.toISOString(),
  };
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

/** Refuses offsets: Intl accepts them, but the C library reads them with the opposite sign. */
function isTimeZone(text: string): boolean {
  try {
    return TIMEZONE.test(text) && Boolean(new Intl.DateTimeFormat('en', { timeZone: text }));
  } catch {
    return false;
  }
}
