import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ZipFile } from 'yazl';
import { z } from 'zod';
import { createFilesFolder } from '../../../../src/runtime-manager/browser/own-files.ts';
import { Uploads } from '../../../../src/runtime-manager/browser/uploads.ts';
import { takeUpload } from '../../../../src/runtime-manager/connections/webdriver/webdriver-upload.ts';

const Answer = z.object({ value: z.unknown() });
const SYMLINK = 0o120777;

async function openFolder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'uploads-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const onHost = join(root, 'files');
  await createFilesFolder(onHost);
  return onHost;
}

async function upload(onHost: string, body: string) {
  const { signal } = new AbortController();
  const response = await takeUpload(
    Buffer.from(body),
    new Uploads({ seen: '/seen', onHost }),
    signal,
  );
  return { status: response.status, ...Answer.parse(await response.json()) };
}

async function zipOf(fill: (zip: ZipFile) => void): Promise<Buffer> {
  const zip = new ZipFile();
  fill(zip);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const bodyOf = (zip: Buffer) => JSON.stringify({ file: zip.toString('base64') });
const one = (name: string, mode?: number) => (zip: ZipFile) =>
  zip.addBuffer(Buffer.from('content'), name, { ...(mode !== undefined && { mode }) });

/** A zip whose entry gets another name of the same length. */
const renamed = async (from: string, to: string) => {
  const zip = await zipOf(one(from));
  return Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1');
};

test('an upload returns the path that the browser sees, and others can neither run nor read the file', async () => {
  const onHost = await openFolder();
  const { status, value } = await upload(onHost, bodyOf(await zipOf(one('photo 1.png', 0o100755))));
  expect(status).toBe(200);
  expect(value).toMatch(/^\/seen\/uploads\/[^/]+\/photo 1\.png$/);
  const path = String(value).replace('/seen', onHost);
  expect(await readFile(path, 'utf8')).toBe('content');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('two uploads of the same name are two files', async () => {
  const onHost = await openFolder();
  const body = bodyOf(await zipOf(one('a.txt')));
  const [first, second] = [await upload(onHost, body), await upload(onHost, body)];
  expect(first.value).not.toBe(second.value);
});

test.for<[string, string]>([
  ['sub/dir/a.txt', 'a.txt'],
  ['tab\tand\u0000\u0085zero.txt', 'tab_and__zero.txt'],
  ['sub/..name', '..name'],
  ['sub/...', 'file'],
  [`${'ü'.repeat(200)}.jpeg`, `${'ü'.repeat(125)}.jpeg`],
])('the name %j becomes %j', async ([given, expected]) => {
  const { value } = await upload(await openFolder(), bodyOf(await zipOf(one(given))));
  expect(basename(String(value))).toBe(expected);
});

test.for<[string, () => Promise<string>]>([
  ['no JSON', async () => '{"file"'],
  ['no file', async () => '{}'],
  ['no zip', async () => bodyOf(Buffer.from('content'))],
  ['an empty zip', async () => bodyOf(await zipOf(() => undefined))],
  [
    'two files',
    async () =>
      bodyOf(
        await zipOf((zip) => {
          one('a')(zip);
          one('b')(zip);
        }),
      ),
  ],
  ['a directory', async () => bodyOf(await zipOf((zip) => zip.addEmptyDirectory('a')))],
  ['a link', async () => bodyOf(await zipOf(one('a', SYMLINK)))],
  ['a name that leads out', async () => bodyOf(await renamed('aa/x', '../x'))],
  ['an absolute name', async () => bodyOf(await renamed('aa/x', '/a/x'))],
  ['a name with backslashes', async () => bodyOf(await renamed('aa/x', 'a\\xx'))],
  ['damaged content', async () => bodyOf(damaged(await zipOf(one('a.txt'))))],
])('%s is an invalid argument, and leaves nothing', async ([, body]) => {
  const onHost = await openFolder();
  expect(await upload(onHost, await body())).toEqual({
    status: 400,
    value: { error: 'invalid argument', message: expect.stringMatching(/\.$/), stacktrace: '' },
  });
  expect(await readdir(join(onHost, 'uploads'))).toEqual([]);
});

function damaged(zip: Buffer): Buffer {
  const copy = Buffer.from(zip);
  copy.fill(0xff, 30 + 'a.txt'.length, 30 + 'a.txt'.length + 4);
  return copy;
}
