import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Db } from '../../db/client.ts';
import { profileInUse, findProfileHolder } from '../../db/queries/profile-holders.ts';
import {
  GivenStorageState,
  StorageState,
  type Archive,
  type Profiles,
  type StateConverter,
} from '../../runtime-manager/index.ts';
import { RuntimeError, type Actor } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from '../http/errors.ts';
import { BODY_ERRORS, errors, json, jsonBody, requires } from '../http/openapi.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { createRouter } from '../http/router.ts';
import {
  ProfilePath,
  toVersionBody,
  VersionBody,
  VersionPath,
} from '../schemas/browser-profile.ts';
import { getProfile } from './browser-profiles.ts';

const common = { tags: ['Browser profiles'] };
const PATH = '/v1/browser-profiles/{profileId}';

const STATE_MAX_BYTES = 64 * 1024 ** 2;
const ZIP_TYPE = 'application/zip';
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
  summary: 'Export a version as a zip of its files',
  request: { params: VersionPath },
  responses: { 200: { description: 'The zip', content: ZIP }, ...errors(...VERSION_ERRORS) },
});

const exportState = createRoute({
  ...common,
  ...requires('profiles:export'),
  operationId: 'browser-profiles-storage-state',
  method: 'get',
  path: `${PATH}/versions/{version}/storage-state`,
  summary: "Export cookies, local storage and IndexedDB of a version as Playwright's storageState",
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
  summary: 'Import an exported zip as a new version, from which the next launch begins',
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
  summary: "Import Playwright's storageState as a new version, from which the next launch begins",
  request: { params: ProfilePath, ...jsonBody(GivenStorageState) },
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
  db: Db;
  profiles: Profiles;
  states: StateConverter;
  /** Where uploads lie until they are taken. */
  uploadDir: string;
  importMaxBytes: number;
}

export function profileTransferRoutes(parts: ProfileTransferParts) {
  const { db, profiles, states } = parts;
  const router = createRouter();
  // Held in memory; a zip is written to the disk as it comes.
  router.use('/v1/browser-profiles/:profileId/storage-state', limitState, jsonOnly);
  return router
    .openapi(exportZip, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const { organizationId, id, name } = await getProfile(db, c.var.actor, profileId);
      const archive = await profiles.getVersion(organizationId, id, version);
      c.header('content-type', ZIP_TYPE);
      c.header('content-disposition', `attachment; filename="${fileNameOf(name, version)}"`);
      // Nobody would read it, nor say so.
      if (c.req.method === 'HEAD') return c.body(null, 200);
      const zip = await states.toZip(archive);
      return c.body(asWeb(zip), 200);
    })
    .openapi(exportState, async (c) => {
      const { profileId, version } = c.req.valid('param');
      const { organizationId, id } = await getProfile(db, c.var.actor, profileId);
      const archive = await profiles.getVersion(organizationId, id, version);
      return c.json(await states.toStorageState(archive), 200);
    })
    .openapi(importZip, async (c) => {
      const { profileId } = c.req.valid('param');
      const version = await importInto(parts, c.var.actor, profileId, async (id) =>
        states.fromZip(id, await upload(c, parts)),
      );
      return c.json(version, 200);
    })
    .openapi(importState, async (c) => {
      const { profileId } = c.req.valid('param');
      const state = c.req.valid('json');
      const version = await importInto(parts, c.var.actor, profileId, (id) =>
        states.fromStorageState(id, state),
      );
      return c.json(version, 200);
    });
}

async function importInto(
  { db, profiles }: ProfileTransferParts,
  actor: Actor,
  profileId: string,
  take: (id: string) => Promise<Archive>,
): Promise<z.infer<typeof VersionBody>> {
  const { id, organizationId } = await getProfile(db, actor, profileId);
  if (await findProfileHolder(db, id)) throw await profileInUse(db, id);
  const lease = await profiles.store.read(organizationId, id);
  const archive = await take(id);
  const imported = { kind: 'imported', archive, runtimeId: undefined } as const;
  const version = await profiles.record(organizationId, id, {
    ...imported,
    fence: lease?.fence ?? 0,
  });
  if (!version) throw new ApiError('profile.not_found', 'There is no such profile.');
  // A writer came in between: what was imported is kept, but not taken.
  if (version.kind !== 'imported') throw await profileInUse(db, id);
  return toVersionBody(version, await getProfile(db, actor, id));
}

const limitState = bodyLimit({
  maxSize: STATE_MAX_BYTES,
  onError: () => {
    throw tooLarge(STATE_MAX_BYTES);
  },
});

/** Writes the body to a file, whatever its size, and resolves with its path. */
async function upload(
  c: Context,
  { uploadDir, importMaxBytes }: ProfileTransferParts,
): Promise<string> {
  if (!/^application\/zip\s*(?:;|$)/i.test(c.req.header('content-type') ?? '')) throw noZip();
  await mkdir(uploadDir, { recursive: true, mode: 0o700 });
  const file = join(uploadDir, randomUUID());
  let size = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > importMaxBytes ? tooLarge(importMaxBytes) : null, chunk);
    },
  });
  try {
    const body = Readable.fromWeb(
      z.instanceof(ReadableStream).parse(c.req.raw.body ?? new Blob([]).stream()),
    );
    await pipeline(body, meter, createWriteStream(file, { mode: 0o600 }));
    return file;
  } catch (cause) {
    await rm(file, { force: true });
    if (cause instanceof ApiError) throw cause;
    throw new RuntimeError('profile.invalid_import', 'The body ended before its end.', { cause });
  }
}

function asWeb(content: Readable): ReadableStream<Uint8Array> {
  const reader = content[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void content.destroy(),
  });
}

function noZip(): ApiError {
  return new ApiError('request.unsupported_media_type', 'A zip is expected.', {
    hint: 'Send "Content-Type: application/zip".',
  });
}

function fileNameOf(name: string, version: number): string {
  return `${name.replaceAll(/[^\w.-]+/g, '_')}-${version}.zip`;
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('request.too_large', `A body has at most ${maxBytes} bytes.`);
}
