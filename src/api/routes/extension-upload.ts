import type { Readable } from 'node:stream';
import type { Extensions } from '../../runtime-manager/index.ts';
import { invalidField, readForm } from '../http/form-upload.ts';
import { BODY_ERRORS, errors, json, requires } from '../http/openapi.ts';
import { writeUpload } from '../http/write-upload.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ExtensionBody,
  ExtensionName,
  ExtensionUpload,
  toExtensionBody,
} from '../schemas/browser-extension.ts';

const PATH = '/v1/browser-extensions/upload';
const FIELDS = new Set(['name']);

export interface ExtensionUploadParts {
  extensions: Extensions;
  extensionMaxBytes: number;
}

/** Apart from the other routes, because a validated form would be held in memory. */
export function extensionUploadRoutes({ extensions, extensionMaxBytes }: ExtensionUploadParts) {
  const router = createRouter();
  const { middleware, ...secured } = requires('extensions:write');
  router.openAPIRegistry.registerPath({
    tags: ['Browser extensions'],
    ...secured,
    operationId: 'browser-extensions-upload',
    method: 'post',
    path: PATH,
    summary: 'Upload a browser extension',
    description:
      'Inspects the package, tests it in a browser, and stores and returns the extension if it works. Otherwise, 400 `extension.invalid_package` lists everything that is wrong. If you upload the same content again, the response is the existing extension.',
    request: {
      body: { required: true, content: { 'multipart/form-data': { schema: ExtensionUpload } } },
    },
    responses: {
      200: json(ExtensionBody, 'The extension'),
      ...errors(...BODY_ERRORS, 'extension.invalid_package', 'runtime.launch_failed'),
    },
  });
  router.post(PATH, middleware, async (c) => {
    const receive = async (file: string) => {
      const write = (content: Readable) => writeUpload(content, file, extensionMaxBytes);
      return nameOf((await readForm(c, write)).fields);
    };
    const uploaded = await extensions.upload(c.var.actor, receive);
    c.set('targetId', uploaded.id);
    return c.json(toExtensionBody(uploaded), 200);
  });
  return router;
}

function nameOf(fields: Record<string, string>): { name: string | undefined } {
  const unknown = Object.keys(fields).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw invalidField(unknown, 'No such field');
  const { name } = fields;
  if (name === undefined) return { name };
  const parsed = ExtensionName.safeParse(name);
  if (parsed.success) return { name: parsed.data };
  throw invalidField('name', parsed.error.issues[0]?.message ?? 'Not a name');
}
