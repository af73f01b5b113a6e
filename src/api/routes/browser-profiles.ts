import { createRoute, z } from '@hono/zod-openapi';
import type { Db } from '../../db/client.ts';
import {
  deleteProfile,
  findProfile,
  insertProfile,
  listProfiles,
  updateProfile,
  type BrowserProfile,
} from '../../db/queries/browser-profiles.ts';
import { profileInUse } from '../../db/queries/profile-holders.ts';
import type { SecretBox } from '../../db/secret-box.ts';
import type { Extensions, Profiles, RuntimeManager } from '../../runtime-manager/index.ts';
import type { Actor } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from '../http/errors.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
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
    summary: 'Change a browser profile, from its next launch on',
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
  summary: 'Delete a browser profile with all its versions',
  request: { params: ProfilePath },
  responses: {
    200: json(ProfileBody, 'The profile as it was'),
    ...errors('profile.not_found', 'profile.in_use'),
  },
});

export interface ProfileRouteParts {
  db: Db;
  secrets: SecretBox;
  profiles: Profiles;
  extensions: Extensions;
  ceilings: RequestCeilings;
  runtimes: Pick<RuntimeManager, 'assertLocale'>;
}

export function browserProfileRoutes(parts: ProfileRouteParts) {
  const { db, secrets, profiles, extensions, ceilings, runtimes } = parts;
  const requests = profileRequests(ceilings.extensions);
  return createRouter()
    .openapi(create(requests.create), async (c) => {
      const { organizationId } = c.var.actor;
      const values = c.req.valid('json');
      runtimes.assertLocale(values.fingerprint.locale);
      await extensions.resolve(organizationId, values.extensionIds);
      const made = await insertProfile(db, secrets, organizationId, values);
      if (!made) throw nameInUse();
      return c.json(toProfileBody(made), 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { organizationId } = c.var.actor;
      const { items, nextCursor } = await listProfiles(db, organizationId, { cursor, limit });
      return c.json({ profiles: items.map(toProfileBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const profile = await getProfile(db, c.var.actor, c.req.valid('param').profileId);
      return c.json(toProfileBody(profile), 200);
    })
    .openapi(update(requests.update), async (c) => {
      const { organizationId } = c.var.actor;
      const { id } = await getProfile(db, c.var.actor, c.req.valid('param').profileId);
      const values = c.req.valid('json');
      runtimes.assertLocale(values.fingerprint?.locale);
      await extensions.resolve(organizationId, values.extensionIds ?? []);
      const updated = await updateProfile(db, secrets, organizationId, id, values);
      if (updated === 'absent') throw notFound();
      if (updated === 'name_in_use') throw nameInUse();
      return c.json(toProfileBody(updated), 200);
    })
    .openapi(remove, async (c) => {
      const profile = await getProfile(db, c.var.actor, c.req.valid('param').profileId);
      const deleted = await deleteProfile(db, c.var.actor.organizationId, profile.id);
      if (deleted === 'absent') throw notFound();
      if (deleted === 'in_use') throw await profileInUse(db, profile.id);
      await profiles.removeArchives(profile.id);
      return c.json(toProfileBody(profile), 200);
    });
}

/** Throws `profile.not_found`, also for what is no id at all. */
export async function getProfile(db: Db, actor: Actor, id: string): Promise<BrowserProfile> {
  const isId = z.uuid().safeParse(id).success;
  const found = isId && (await findProfile(db, actor.organizationId, id));
  if (found) return found;
  throw notFound();
}

export function notFound(): ApiError {
  return new ApiError('profile.not_found', 'There is no such profile.');
}

export function nameInUse(): ApiError {
  return new ApiError('profile.name_in_use', 'Another profile has this name.');
}
