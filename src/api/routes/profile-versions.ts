import { createRoute, type z } from '@hono/zod-openapi';
import {
  deleteProfile,
  insertProfile,
  listVersions,
  type BrowserProfile,
} from '../../db/queries/browser-profiles.ts';
import { profileInUse } from '../../db/queries/profile-holders.ts';
import { restoreVersion } from '../../db/queries/profile-versions.ts';
import { ApiError } from '../http/errors.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
import {
  ForkProfileRequest,
  ProfileBody,
  ProfilePath,
  toProfileBody,
  toVersionBody,
  VersionList,
  VersionPath,
} from '../schemas/browser-profile.ts';
import { getProfile, nameInUse, notFound, type ProfileRouteParts } from './browser-profiles.ts';

const common = { tags: ['Browser profiles'] };
const PATH = '/v1/browser-profiles';

const versions = createRoute({
  ...common,
  ...requires('profiles:read'),
  operationId: 'browser-profiles-versions',
  method: 'get',
  path: `${PATH}/{profileId}/versions`,
  summary: 'List the saved versions of a browser profile, newest first',
  request: { params: ProfilePath },
  responses: { 200: json(VersionList, 'The versions'), ...errors('profile.not_found') },
});

const restore = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-restore',
  method: 'post',
  path: `${PATH}/{profileId}/versions/{version}/restore`,
  summary: 'Make a version the one that the next launch begins from',
  parameters: [IdempotencyKeyHeader],
  request: { params: VersionPath },
  responses: {
    200: json(ProfileBody, 'The profile'),
    ...errors(...POST_ERRORS, 'profile.not_found', 'profile.version_not_found', 'profile.in_use'),
  },
});

const fork = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-fork',
  method: 'post',
  path: `${PATH}/{profileId}/fork`,
  summary: 'Create a browser profile from a version of another',
  parameters: [IdempotencyKeyHeader],
  request: { params: ProfilePath, ...jsonBody(ForkProfileRequest) },
  responses: {
    200: json(ProfileBody, 'The new profile'),
    ...errors(
      ...POST_ERRORS,
      'profile.not_found',
      'profile.version_not_found',
      'profile.name_in_use',
    ),
  },
});

export function profileVersionRoutes(parts: ProfileRouteParts) {
  const { db } = parts;
  return createRouter()
    .openapi(versions, async (c) => {
      const profile = await getProfile(db, c.var.actor, c.req.valid('param').profileId);
      const all = await listVersions(db, profile.organizationId, profile.id);
      return c.json({ versions: all.map((one) => toVersionBody(one, profile)) }, 200);
    })
    .openapi(restore, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const { id, organizationId } = await getProfile(db, c.var.actor, profileId);
      const restored = await restoreVersion(db, organizationId, id, version);
      if (restored === 'absent') throw versionNotFound();
      if (restored === 'in_use') throw await profileInUse(db, id);
      return c.json(toProfileBody(await getProfile(db, c.var.actor, id)), 200);
    })
    .openapi(fork, async (c) => {
      const original = await getProfile(db, c.var.actor, c.req.valid('param').profileId);
      const forked = await forkProfile(parts, original, c.req.valid('json'));
      return c.json(toProfileBody(await getProfile(db, c.var.actor, forked.id)), 200);
    });
}

async function forkProfile(
  { db, secrets, profiles }: ProfileRouteParts,
  original: BrowserProfile,
  { name, version = original.currentVersion ?? undefined }: z.infer<typeof ForkProfileRequest>,
): Promise<BrowserProfile> {
  const { organizationId, id } = original;
  const source =
    version === undefined ? undefined : await profiles.getVersion(organizationId, id, version);
  // With its password, which the listed profile does not have.
  const whole = await profiles.store.findProfile(organizationId, id);
  if (!whole) throw notFound();
  const { config, extensionIds, fingerprint } = whole;
  const values = { name, config, extensionIds, fingerprint };
  const forked = await insertProfile(db, secrets, organizationId, values);
  if (!forked) throw nameInUse();
  try {
    if (source) await profiles.fork(source, organizationId, forked.id);
  } catch (error) {
    await deleteProfile(db, organizationId, forked.id);
    throw error;
  }
  return forked;
}

function versionNotFound(): ApiError {
  return new ApiError('profile.version_not_found', 'The profile has no such version.');
}
