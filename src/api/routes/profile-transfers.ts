import { createRoute, z } from '@hono/zod-openapi';
import {
  GivenStorageState,
  StorageState,
  type ProfileTransfers,
} from '../../runtime-manager/index.ts';
import type { BrowserProfile } from '../../runtime-manager/runtime/index.ts';
import { asBody } from '../http/body-stream.ts';
import { BODY_ERRORS, errors, json, requires } from '../http/openapi.ts';
import { receiveZip, ZIP_TYPE } from '../http/zip-upload.ts';
import { limitBody } from '../middleware/limit-body.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ProfilePath,
  toVersionBody,
  VersionBody,
  VersionPath,
} from '../schemas/browser-profile.ts';

const common = { tags: ['Browser profiles'] };
const PATH = '/v1/browser-profiles/{profileId}';

const STATE = {
  cookies: [{ name: 'session', value: 'a1b2c3', url: 'https://example.com' }],
  origins: [{ origin: 'https://example.com', localStorage: [{ name: 'theme', value: 'dark' }] }],
};

const STATE_MAX_BYTES = 64 * 1024 ** 2;
const ZIP = { [ZIP_TYPE]: { schema: z.string().openapi({ format: 'binary' }) } };

const VERSION_ERRORS = [
  'profile.not_found',
  'profile.version_not_found',
  'profile.version_damaged',
] as const;

const exportZip = createRoute({
  ...common,
  ...requires('profiles:export'),
  operationId: 'browser-profiles-export',
  method: 'get',
  path: `${PATH}/versions/{version}/export`,
  summary: 'Export a version of a profile as a zip',
  description:
    'Returns the files that were saved from the user data directory of the browser. You can import the zip into any profile. It contains the logins of the browser: keep it secret.',
  request: { params: VersionPath },
  responses: { 200: { description: 'The zip', content: ZIP }, ...errors(...VERSION_ERRORS) },
});

const exportState = createRoute({
  ...common,
  ...requires('profiles:export'),
  operationId: 'browser-profiles-storage-state',
  method: 'get',
  path: `${PATH}/versions/{version}/storage-state`,
  summary:
    "Export the cookies, local storage and IndexedDB of a version as Playwright's storageState",
  description:
    'Returns the state in the form that `browser.newContext({ storageState })` of Playwright accepts. It contains the logins of the browser: keep it secret.',
  request: { params: VersionPath },
  responses: {
    200: json(StorageState, 'The state'),
    ...errors(...VERSION_ERRORS, 'runtime.launch_failed'),
  },
});

const importZip = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-import',
  method: 'post',
  path: `${PATH}/import`,
  summary: 'Import an exported zip as a new version',
  description:
    'The body is a zip from the export. The service imports the state that sites keep, but no preferences, extensions or permissions. Returns the version, from which the next launch starts. While a runtime writes the profile, the request is rejected with 409 `profile.in_use`.',
  request: { params: ProfilePath, body: { required: true, content: ZIP } },
  responses: {
    200: json(VersionBody, 'The version'),
    ...errors(...BODY_ERRORS, 'profile.not_found', 'profile.in_use', 'profile.invalid_import'),
  },
});

const importState = createRoute({
  ...common,
  ...requires('profiles:write'),
  operationId: 'browser-profiles-import-storage-state',
  method: 'post',
  path: `${PATH}/storage-state`,
  summary: "Import Playwright's storageState as a new version",
  description:
    'The body is what `context.storageState()` of Playwright returns. Returns the version, from which the next launch starts. While a runtime writes the profile, the request is rejected with 409 `profile.in_use`.',
  request: {
    params: ProfilePath,
    body: {
      required: true,
      content: { 'application/json': { schema: GivenStorageState, example: STATE } },
    },
  },
  responses: {
    200: json(VersionBody, 'The version'),
    ...errors(
      ...BODY_ERRORS,
      'profile.not_found',
      'profile.in_use',
      'profile.invalid_import',
      'runtime.launch_failed',
    ),
  },
});

export interface ProfileTransferParts {
  profileTransfers: ProfileTransfers;
  importMaxBytes: number;
}

export function profileTransferRoutes({ profileTransfers, importMaxBytes }: ProfileTransferParts) {
  const router = createRouter();
  // A storage state is held in memory; a zip is written to the disk as it arrives.
  router.use('/v1/browser-profiles/:profileId/storage-state', limitBody(STATE_MAX_BYTES), jsonOnly);
  return router
    .openapi(exportZip, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const { profile, open } = await profileTransfers.exportZip(c.var.actor, profileId, version);
      c.header('content-type', ZIP_TYPE);
      c.header('content-disposition', `attachment; filename="${fileNameOf(profile, version)}"`);
      // Nobody would read the zip, nor cancel it.
      if (c.req.method === 'HEAD') return c.body(null, 200);
      return c.body(asBody(c, await open()), 200);
    })
    .openapi(exportState, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const state = await profileTransfers.exportState(c.var.actor, profileId, version);
      return c.json(state, 200);
    })
    .openapi(importZip, async (c) => {
      const { profileId } = c.req.valid('param');
      const receive = (file: string) => receiveZip(c, file, importMaxBytes);
      const imported = await profileTransfers.importZip(c.var.actor, profileId, receive);
      return c.json(toVersionBody(imported.version, imported.profile), 200);
    })
    .openapi(importState, async (c) => {
      const { profileId } = c.req.valid('param');
      const state = c.req.valid('json');
      const imported = await profileTransfers.importState(c.var.actor, profileId, state);
      return c.json(toVersionBody(imported.version, imported.profile), 200);
    });
}

function fileNameOf({ name }: BrowserProfile, version: number): string {
  return `${name.replaceAll(/[^\w.-]+/g, '_')}-${version}.zip`;
}
