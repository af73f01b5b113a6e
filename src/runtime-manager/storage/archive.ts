import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createHash, type Hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { PassThrough, Transform, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { assertDirectory } from './plain-files.ts';

/** The size of chunks from and to tar; large ones take fewer turns through our process. */
const CHUNK_BYTES = 256 * 1024;
const ZSTD = { chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const SAID_MAX = 2000;

export interface Packed {
  /** The one directory that is packed; undefined: everything is packed. */
  part?: string;
  /** Files and directories of these names are not packed, wherever they are. */
  leftOut?: readonly string[];
}

/**
 * Streams a directory as tar, compressed with zstd, to where `store` puts it; memory does not grow
 * with the size. With many small files, the system's tar is several times faster than one in
 * JavaScript.
 */
export async function packDirectory(
  directory: string,
  { part, leftOut = [] }: Packed,
  store: (content: Readable) => Promise<void>,
): Promise<{ sizeBytes: number; sha256: string }> {
  // tar would follow a link.
  await assertDirectory(directory);
  const packed = part === undefined ? '.' : `./${part}`;
  const hash = createHash('sha256');
  const meter = meterOf(hash);
  const excluded = leftOut.map((name) => `--exclude=${name}`);
  const args = ['-c', '-f', '-', '--no-wildcards', ...excluded, '-C', directory, packed];
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const content = new PassThrough({ highWaterMark: CHUNK_BYTES });
  // Whichever side fails, the other one is ended too.
  const stored = store(content).catch((error: unknown) => {
    content.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  const written = pipeline(tar.stdout, createZstdCompress(ZSTD), meter.stream, endOf(tar), content);
  await Promise.all([written, stored]).finally(() => tar.kill());
  return { sizeBytes: meter.bytes(), sha256: hash.digest('hex') };
}

/**
 * Unpacks an archive, and resolves with the SHA-256 of the bytes that were read. Nothing is written
 * outside of the directory, but what is written there may be of any kind: see `keepPlainFiles`.
 */
export async function unpackArchive(content: Readable, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const flags = ['--no-same-owner', '--no-same-permissions', '--touch'];
  const args = ['-x', '-f', '-', ...flags, '-C', directory];
  const tar = spawn('tar', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = succeed(tar);
  ended.catch(() => undefined);
  try {
    const unzip = createZstdDecompress({ chunkSize: CHUNK_BYTES });
    await pipeline(content, meterOf(hash).stream, unzip, inputOf(tar.stdin));
  } catch (error) {
    tar.kill();
    await ended.catch(() => undefined);
    throw error;
  }
  await ended;
  return hash.digest('hex');
}

/**
 * tar reads no further than the end of the archive, and may be gone before the last of the padding
 * is written: that is no error, and all of the content is read all the same.
 */
export function inputOf(stdin: Writable): Writable {
  stdin.on('error', () => undefined);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!stdin.writable || stdin.write(chunk)) return done();
      const goOn = () => {
        stdin.off('drain', goOn);
        stdin.off('close', goOn);
        done();
      };
      stdin.once('drain', goOn);
      stdin.once('close', goOn);
    },
    final(done) {
      stdin.end();
      done();
    },
  });
}

function meterOf(hash: Hash) {
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}

/** Passes everything on, and ends well only if the process did. */
function endOf(process: ChildProcess): Transform {
  const ended = succeed(process);
  ended.catch(() => undefined);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, chunk),
    flush: (done) => void ended.then(() => done(), done),
  });
}

/** Resolves when a process ends as it should; else throws what it said. */
export async function succeed(process: ChildProcess, codes: unknown[] = [0]): Promise<void> {
  let said = '';
  process.stderr?.on('data', (chunk) => {
    said = (said + String(chunk)).slice(-SAID_MAX);
  });
  const [code]: unknown[] = await once(process, 'close');
  if (!codes.includes(code)) throw new Error(`tar ended with ${String(code)}: ${said.trim()}`);
}
