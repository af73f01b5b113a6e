import { createRoute } from '@hono/zod-openapi';
import type { BrowserProfiles } from '../../runtime-manager/index.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ForkProfileRequest,
  ProfileBody,
  ProfilePath,
  toProfileBody,
  toVersionBody,
  VersionList,
  VersionPath,
} from '../schemas/browser-profile.ts';

const common = { tags: ['Browser profiles'] };
const PATH = '/v1/browser-profiles';

const versions = createRoute({
  ...common,
  ...requires('profiles:read'),
  operationId: 'browser-profiles-versions',
  method: 'get',
  path: `${PATH}/{profileId}/versions`,
  summary: 'List the saved versions of a browser profile, newest first',
  description:
    'Returns all saved versions. A version is created by each import, each checkpoint, and each end of a runtime that wrote the profile.',
  request: { params: ProfilePath },
  responses: { 200: json(VersionList, 'The versions'), ...errors('profile.not_found') },
});

const restore = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-restore',
  method: 'post',
  path: `${PATH}/{profileId}/versions/{version}/restore`,
  summary: 'Restore a version of a browser profile',
  description:
    'Makes the version current and returns the profile. The next launch starts from this version. While a runtime writes the profile, the request is rejected with 409 `profile.in_use`.',
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
  description:
    'Copies the settings of the profile and one version of its state, and returns the new profile. From then on, the two profiles are independent.',
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

export function profileVersionRoutes({ browserProfiles }: { browserProfiles: BrowserProfiles }) {
  return createRouter()
    .openapi(versions, async (c) => {
      const { profileId } = c.req.valid('param');
      const found = await browserProfiles.versions(c.var.actor, profileId);
      return c.json(
        { versions: found.versions.map((one) => toVersionBody(one, found.profile)) },
        200,
      );
    })
    .openapi(restore, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const restored = await browserProfiles.restore(c.var.actor, profileId, version);
      return c.json(toProfileBody(restored), 200);
    })
    .openapi(fork, async (c) => {
      const { profileId } = c.req.valid('param');
      const forked = await browserProfiles.fork(c.var.actor, profileId, c.req.valid('json'));
      c.set('targetId', forked.id);
      return c.json(toProfileBody(forked), 200);
    });
}
