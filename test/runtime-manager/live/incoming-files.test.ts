import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Upload } from '../../../src/runtime-manager/browser/uploads.ts';
import { IncomingFiles, UploadRoom } from '../../../src/runtime-manager/live/incoming-files.ts';

const LIMITS = { fileBytes: 1_000_000, totalBytes: 1_500_000 };

function open(room: UploadRoom, store: (content: Readable) => Promise<unknown> = buffer) {
  const stored: unknown[] = [];
  const add = async ({ name, open: read }: Upload) => {
    stored.push(await store(await read()));
    return name;
  };
  return { stored, files: new IncomingFiles({ add }, room) };
}

test('what was refused, or cannot be stored, comes all the same and stops nobody', async () => {
  const { files, stored } = open(new UploadRoom(LIMITS));
  await expect(files.receive([{ name: 'large', size: 1_000_001 }])).rejects.toThrow('at most');
  await files.take(Buffer.alloc(1_000_001));
  const received = files.receive([{ name: 'small', size: 2 }]);
  await expect(files.receive([{ name: 'early', size: 3 }])).rejects.toThrow('on their way still');
  await files.take(Buffer.from('ok...'));
  expect(await received).toEqual(['small']);
  await expect(files.take(Buffer.from('x'))).rejects.toThrow('No file was announced');
  expect(String(stored)).toBe('ok');
  const failing = open(new UploadRoom(LIMITS), async () => Promise.reject(new Error('no space')));
  await expect(failing.files.receive([{ name: 'lost', size: 500_000 }])).rejects.toThrow(
    'no space',
  );
  await failing.files.take(Buffer.alloc(500_000));
});

test('viewers share what a runtime may be given', async () => {
  const room = new UploadRoom(LIMITS);
  const [one, two] = [open(room).files, open(room).files];
  const received = one.receive([{ name: 'a', size: 900_000 }]);
  await one.take(Buffer.alloc(900_000));
  expect(await received).toEqual(['a']);
  const refused = two.receive([{ name: 'b', size: 900_000 }]);
  await expect(refused).rejects.toThrow('1500000 bytes together');
});
