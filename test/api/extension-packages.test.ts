import { expect } from 'vitest';
import { contention } from '../support/contention.ts';
import { zipOf } from '../support/packages.ts';
import type { TestService } from '../support/service.ts';
import { test } from '../support/api-test.ts';

const manifest = (more: object = {}) => ({
  manifest_version: 3,
  name: 'x',
  version: '1.0',
  ...more,
});
const withManifest = (more: object) => zipOf({ 'manifest.json': manifest(more) });

async function refusal({ url, apiKey }: TestService, body: FormData | string, type?: string) {
  const response = await fetch(`${url}/v1/browser-extensions/upload`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(type !== undefined && { 'content-type': type }),
    },
    body,
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  const json: any = await response.json();
  return { status: response.status, json };
}

function formOf(content: Buffer, name = 'file'): FormData {
  const form = new FormData();
  form.set(name, new Blob([new Uint8Array(content)]), 'x.zip');
  return form;
}

/** A zip whose entry is patched in the central directory. */
function patched(zip: Buffer, patch: (central: number) => void): Buffer {
  patch(zip.indexOf(Buffer.from('PK\x01\x02', 'latin1')));
  return zip;
}

async function encrypted(): Promise<Buffer> {
  const zip = await withManifest({});
  return patched(zip, (at) => zip.writeUInt16LE(zip.readUInt16LE(at + 8) | 1, at + 8));
}

async function linked(): Promise<Buffer> {
  const zip = await withManifest({});
  return patched(zip, (at) => zip.writeUInt32LE(0o120777 * 0x10000, at + 38));
}

/** Replaces a name with one of the same length. */
async function renamed(to: string): Promise<Buffer> {
  const name = 'a'.repeat(to.length);
  const zip = await zipOf({ 'manifest.json': manifest(), [name]: 'x' });
  return Buffer.from(zip.toString('latin1').replaceAll(name, to), 'latin1');
}

const bomb = () => zipOf({ 'manifest.json': manifest(), zeros: Buffer.alloc(200 * 1024 ** 2) });

test.for<[string, () => Promise<Buffer>, string]>([
  ['has no bytes', async () => Buffer.alloc(0), 'The file is empty'],
  ['is no zip', async () => Buffer.from('not a zip'), 'neither a zip nor a crx'],
  ['is truncated', async () => (await withManifest({})).subarray(0, 100), 'truncated'],
  ['is encrypted', encrypted, 'is encrypted'],
  ['has a link', linked, 'neither a file nor a directory'],
  ['leaves its directory', () => renamed('../../x'), 'invalid relative path'],
  ['has an absolute path', () => renamed('/tmp/xx'), 'absolute path'],
  ['has backslashes', () => renamed('..\\xxxx'), 'invalid characters'],
  ['is a bomb', bomb, 'unpacks to too much'],
  [
    'holds another archive',
    async () => zipOf({ 'a.zip': await withManifest({}) }),
    'another archive: a.zip',
  ],
  ['has no manifest', () => zipOf({ 'a.js': '' }), 'no manifest.json at its top'],
  [
    'has a manifest of 50 MB',
    () => zipOf({ 'manifest.json': Buffer.alloc(50 * 1024 ** 2, ' ') }),
    'manifest.json has more than',
  ],
  [
    'has a comment that never ends, often',
    () => zipOf({ 'manifest.json': `{ ${'/*'.repeat(400_000)}` }),
    'It is not JSON',
  ],
  [
    'names a file that cannot be decoded',
    () => withManifest({ options_page: '%zz.html' }),
    'is not in the package',
  ],
  [
    'has a manifest that is no JSON',
    () => zipOf({ 'manifest.json': '{ "a": }' }),
    'It is not JSON',
  ],
])('a package that %s is refused at once', async ([, make, words], { service }) => {
  const content = await make();
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const answer = await refusal(service, formOf(content));
  // On an idle machine it takes a tenth of a second.
  expect(performance.now() - begun).toBeLessThan(5000 * contention());
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 ** 2);
  expect(answer).toMatchObject({ status: 400, json: { code: 'extension.invalid_package' } });
  expect(JSON.stringify(answer.json.details.problems)).toContain(words);
});

test('all mistakes of a manifest are listed at once, each with its place', async ({ service }) => {
  const { json: values } = await refusal(
    service,
    formOf(
      await withManifest({
        manifest_version: 2,
        name: '',
        version: '1.70000',
        permissions: ['proxy'],
        host_permissions: ['https://*.example.com'],
        content_scripts: [{ matches: ['htp://x/*', 'https://a.*/'] }],
      }),
    ),
  );
  const places = values.details.problems.map(({ path, message }: Record<string, string>) => [
    path,
    message,
  ]);
  expect(places).toEqual([
    ['manifest.json#manifest_version', expect.stringContaining('Manifest V2 no longer loads')],
    ['manifest.json#name', expect.any(String)],
    ['manifest.json#version', 'A number is > 65535'],
    ['manifest.json#permissions.0', expect.stringContaining('around the runtime')],
    ['manifest.json#host_permissions.0', expect.stringContaining('it has no path')],
    ['manifest.json#content_scripts.0.matches.0', expect.stringContaining('its scheme "htp"')],
    ['manifest.json#content_scripts.0.matches.1', expect.stringContaining('a * in its host')],
  ]);
  const { json: parts } = await refusal(
    service,
    formOf(
      await zipOf({
        'manifest.json': manifest({
          name: '__MSG_appName__',
          description: '__MSG_nothing__',
          default_locale: 'en',
          background: { service_worker: 'sw.js' },
          content_scripts: [{ matches: ['<all_urls>'], js: ['/here.js', 'gone.js'] }],
          action: { default_popup: 'popup.html?a=1', default_icon: { '16': 'icon.png' } },
        }),
        'here.js': '',
        'popup.html': '',
        '_locales/en/messages.json': { appName: { message: 'App' } },
      }),
    ),
  );
  expect(parts.details.problems).toEqual([
    { path: 'manifest.json#background.service_worker', message: expect.stringContaining('sw.js') },
    { path: 'manifest.json#action.default_icon.16', message: expect.stringContaining('icon.png') },
    { path: 'manifest.json#content_scripts.0.js.1', message: expect.stringContaining('gone.js') },
    { path: 'manifest.json#description', message: expect.stringContaining('"nothing"') },
  ]);
});

test('permissions and keys that reach out of the browser are refused, each at its place', async ({
  service,
}) => {
  const { status, json } = await refusal(
    service,
    formOf(
      await withManifest({
        permissions: [
          'storage',
          'debugger',
          'nativeMessaging',
          'https://x.example/*',
          'inventedNow',
        ],
        optional_permissions: ['tabs', 'management', 'downloads.open'],
        host_permissions: ['<all_urls>', 'chrome://*/*'],
        optional_host_permissions: ['filesystem://x/*', 'https://x.example/*'],
        natively_connectable: ['x.y'],
        nacl_modules: [],
        import: [{ id: 'a'.repeat(32) }],
      }),
    ),
  );
  expect(status).toBe(400);
  expect(json.details.problems).toEqual([
    at('permissions.1', 'it controls the browser past the checks'),
    at('permissions.2', 'it starts programs of the machine'),
    at('permissions.4', '"inventedNow" is not allowed here: it is not known here'),
    at('optional_permissions.1', 'it rules over other extensions'),
    at('optional_permissions.2', 'programs of the machine'),
    at('host_permissions.1', 'its scheme "chrome"'),
    at('optional_host_permissions.0', 'its scheme "filesystem"'),
    at('import', 'code that is not in the package'),
    at('nacl_modules', 'it runs code of the machine'),
    at('natively_connectable', 'it runs code of the machine'),
  ]);
});

const at = (field: string, words: string) => ({
  path: `manifest.json#${field}`,
  message: expect.stringContaining(words),
});

test('an invalid form is refused, and the refusal names the field', async ({ service }) => {
  const zip = await withManifest({});
  const twice = formOf(zip);
  twice.append('file', new Blob(['x']));
  const unknown = formOf(zip);
  unknown.set('nam', 'x');
  const noName = formOf(zip);
  noName.set('name', ' ');
  for (const [form, path] of [
    [new FormData(), 'file'],
    [formOf(zip, 'package'), 'package'],
    [twice, 'file'],
    [unknown, 'nam'],
    [noName, 'name'],
  ] as const) {
    expect(await refusal(service, form), path).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'body', path }] } },
    });
  }
  expect(await refusal(service, '{}', 'application/json')).toMatchObject({ status: 415 });
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
    expect(await refusal(service, 'broken', type)).toMatchObject({
      status: 400,
      json: { code: 'request.invalid' },
    });
  }
  const large = formOf(Buffer.alloc(65 * 1024 ** 2));
  expect(await refusal(service, large)).toMatchObject({
    status: 413,
    json: { code: 'request.too_large' },
  });
});
