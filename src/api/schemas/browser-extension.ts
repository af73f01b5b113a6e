import { z } from '@hono/zod-openapi';
import { PACKAGE_FORMATS, type StoredExtension } from '../../runtime-manager/runtime/index.ts';
import { nextCursor } from './paging.ts';
import { EXAMPLE_ID } from './example-id.ts';

const NAME_MAX = 200;

export const ExtensionName = z
  .string()
  .trim()
  .min(1)
  .max(NAME_MAX)
  .refine((name) => !name.includes('\0'), 'has a NUL character')
  .openapi({ description: 'Your name for the extension; by default the name in its manifest.' });

export const ExtensionPath = z.object({
  extensionId: z.string().openapi({ description: "The extension's id.", example: EXAMPLE_ID }),
});

export const ExtensionUpload = z
  .strictObject({
    file: z.string().openapi({
      format: 'binary',
      description: 'The package: a zip file, or a CRX2 or CRX3 file.',
    }),
    name: ExtensionName.optional(),
  })
  .openapi('UploadBrowserExtensionRequest');

export const ExtensionImport = z
  .strictObject({
    url: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .openapi({
        description: "The extension's page in the Chrome Web Store, or the https URL of a package.",
      }),
    name: ExtensionName.optional(),
  })
  .openapi('ImportBrowserExtensionRequest', {
    example: {
      url: 'https://chromewebstore.google.com/detail/ublock-origin-lite/ddkjiahejlhfcafbddmgiahcphecmpfh',
    },
  });

export const ExtensionChange = z
  .strictObject({ name: ExtensionName })
  .openapi('UpdateBrowserExtensionRequest', { example: { name: 'blocker' } });

const Warning = z
  .object({
    kind: z.enum(['manifest', 'runtime']),
    message: z.string(),
    source: z
      .string()
      .optional()
      .openapi({ description: 'The file that the warning is about, if Chromium names one.' }),
  })
  .openapi('BrowserExtensionWarning');

export const ExtensionBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    version: z.string(),
    manifestVersion: z.int(),
    format: z.enum(PACKAGE_FORMATS),
    contentHash: z.string().openapi({
      description:
        "The SHA-256 of the extension's files. The same files have the same hash, however they are packed.",
    }),
    sizeBytes: z.int().openapi({ description: 'The size of the unpacked files.' }),
    permissions: z.array(z.string()),
    runtimeExtensionId: z.string().openapi({
      description: "The extension's id in Chromium, as in `chrome-extension://` URLs.",
    }),
    warnings: z.array(Warning).openapi({
      description: 'What Chromium reported when the service tested the extension.',
    }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('BrowserExtension');

export const ExtensionList = z
  .object({ extensions: z.array(ExtensionBody), nextCursor })
  .openapi('BrowserExtensionList');

export function toExtensionBody(extension: StoredExtension): z.infer<typeof ExtensionBody> {
  const { organizationId: _, key: __, sha256: ___, archiveBytes: ____, ...shown } = extension;
  return {
    ...shown,
    createdAt: extension.createdAt.toISOString(),
    updatedAt: extension.updatedAt.toISOString(),
  };
}
