import { createRoute, z } from '@hono/zod-openapi';
import type { BrowserProfiles } from '../../runtime-manager/index.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ProfileBody,
  ProfileList,
  ProfilePath,
  profileRequests,
  toProfileBody,
} from '../schemas/browser-profile.ts';
import type { RequestCeilings } from '../schemas/runtime.ts';
import { paging } from '../schemas/paging.ts';

const common = { tags: ['Browser profiles'] };
const PATH = '/v1/browser-profiles';
type ProfileRequests = ReturnType<typeof profileRequests>;

const create = (request: ProfileRequests['create']) =>
  createRoute({
    ...common,
    ...requires('profiles:write'),
    operationId: 'browser-profiles-create',
    method: 'post',
    path: PATH,
    summary: 'Create a browser profile',
    description:
      'Creates an empty profile and returns it. A profile keeps cookies, storage, history and settings from one runtime to the next. It stays empty until a runtime with `launch.mode` `profile` saves its state.',
    parameters: [IdempotencyKeyHeader],
    request: jsonBody(request),
    responses: {
      200: json(ProfileBody, 'The profile'),
      ...errors(
        ...POST_ERRORS,
        'profile.locale_unavailable',
        'extension.not_found',
        'extension.conflict',
        'profile.name_in_use',
      ),
    },
  });

const list = createRoute({
  ...common,
  ...requires('profiles:read'),
  operationId: 'browser-profiles-list',
  method: 'get',
  path: PATH,
  summary: 'List browser profiles, newest first',
  description: 'Returns up to `limit` profiles. `nextCursor` is present if there are more.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(ProfileList, 'A page of profiles'), ...errors() },
});

const get = createRoute({
  ...common,
  ...requires('profiles:read'),
  operationId: 'browser-profiles-get',
  method: 'get',
  path: `${PATH}/{profileId}`,
  summary: 'Get a browser profile',
  description: 'Returns the profile. The password of its proxy is never returned.',
  request: { params: ProfilePath },
  responses: { 200: json(ProfileBody, 'The profile'), ...errors('profile.not_found') },
});

const update = (request: ProfileRequests['update']) =>
  createRoute({
    ...common,
    ...requires('profiles:write'),
    operationId: 'browser-profiles-update',
    method: 'patch',
    path: `${PATH}/{profileId}`,
    summary: 'Change a browser profile',
    description:
      'Changes the given fields and returns the profile. Changes take effect at the next launch.',
    request: { params: ProfilePath, ...jsonBody(request) },
    responses: {
      200: json(ProfileBody, 'The profile'),
      ...errors(
        ...BODY_ERRORS,
        'profile.not_found',
        'profile.locale_unavailable',
        'extension.not_found',
        'extension.conflict',
        'profile.name_in_use',
      ),
    },
  });

const remove = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-delete',
  method: 'delete',
  path: `${PATH}/{profileId}`,
  summary: 'Delete a browser profile and all its versions',
  description:
    'Deletes and returns the profile. If a runtime uses it, the request is rejected with 409 `profile.in_use`.',
  request: { params: ProfilePath },
  responses: {
    200: json(ProfileBody, 'The deleted profile'),
    ...errors('profile.not_found', 'profile.in_use'),
  },
});

export interface BrowserProfileRouteParts {
  browserProfiles: BrowserProfiles;
  ceilings: RequestCeilings;
}

export function browserProfileRoutes({ browserProfiles, ceilings }: BrowserProfileRouteParts) {
  const requests = profileRequests(ceilings.extensions);
  return createRouter()
    .openapi(create(requests.create), async (c) => {
      const made = await browserProfiles.create(c.var.actor, c.req.valid('json'));
      c.set('targetId', made.id);
      return c.json(toProfileBody(made), 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await browserProfiles.list(c.var.actor, { cursor, limit });
      return c.json({ profiles: items.map(toProfileBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { profileId } = c.req.valid('param');
      return c.json(toProfileBody(await browserProfiles.get(c.var.actor, profileId)), 200);
    })
    .openapi(update(requests.update), async (c) => {
      const { profileId } = c.req.valid('param');
      const updated = await browserProfiles.update(c.var.actor, profileId, c.req.valid('json'));
      return c.json(toProfileBody(updated), 200);
    })
    .openapi(remove, async (c) => {
      const { profileId } = c.req.valid('param');
      return c.json(toProfileBody(await browserProfiles.delete(c.var.actor, profileId)), 200);
    });
}
