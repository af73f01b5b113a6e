import { createHash, createPublicKey, createVerify } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PbfReader } from 'pbf';
import type { PackageFormat } from './extension.ts';
import { unreadable } from './package-problems.ts';

const CRX_MAGIC = 'Cr24';
const PREFIX_BYTES = 12;
const HEADER_MAX_BYTES = 1024 * 1024;
/** https://source.chromium.org/chromium/chromium/src/+/main:components/crx_file/crx3.proto */
const FIELD = { sha256WithRsa: 2, sha256WithEcdsa: 3, signedHeaderData: 10_000 };
const CRX3_CONTEXT = Buffer.from('CRX3 SignedData\0');
const ID_BYTES = 16;

/** A package as it came, and the zip inside it. */
export interface OpenedPackage {
  format: PackageFormat;
  /** In DER; undefined for a zip, which has no key. */
  publicKey: Buffer | undefined;
}

/**
 * Finds out a package's format, and writes its zip to another file. Verifies a crx's signature, and
 * that it was made with the key that gives the extension its id. Throws
 * `extension.invalid_package`.
 */
export async function openPackage(file: string, zip: string): Promise<OpenedPackage> {
  const handle = await open(file);
  try {
    const prefix = await readAt(handle, 0, PREFIX_BYTES);
    if (prefix.length === 0) throw unreadable('The file is empty.');
    if (prefix.toString('latin1', 0, 4) !== CRX_MAGIC) {
      await pipeline(createReadStream(file), createWriteStream(zip));
      return { format: 'zip', publicKey: undefined };
    }
    if (prefix.length < PREFIX_BYTES) throw unreadable('The crx is truncated.');
    const version = prefix.readUInt32LE(4);
    const { format, zipStart, publicKey, verifiers } =
      version === 3 ? await readCrx3(handle, prefix) : await readCrx2(handle, prefix, version);
    for await (const chunk of createReadStream(file, { start: zipStart })) {
      for (const verifier of verifiers) verifier.update(chunk);
    }
    if (!verifiers.every((verifier) => verifier.isRight())) {
      throw unreadable('The signature of the crx is wrong: it was changed or truncated.');
    }
    await pipeline(createReadStream(file, { start: zipStart }), createWriteStream(zip));
    return { format, publicKey };
  } finally {
    await handle.close();
  }
}

interface Verifier {
  update: (chunk: Buffer) => void;
  isRight: () => boolean;
}

interface CrxHeader {
  format: PackageFormat;
  zipStart: number;
  publicKey: Buffer;
  verifiers: Verifier[];
}

async function readCrx3(handle: FileHandle, prefix: Buffer): Promise<CrxHeader> {
  const size = prefix.readUInt32LE(8);
  const header = await readHeader(handle, PREFIX_BYTES, size);
  const { proofs, signed } = readProofs(header);
  const id = readId(signed);
  const own = proofs.find(({ publicKey }) => id?.equals(sha256(publicKey).subarray(0, ID_BYTES)));
  if (!own) throw unreadable('The crx is not signed with the key of its id.');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(signed.length);
  const verifiers = proofs.map((proof) => {
    const verifier = verifierOf('sha256', proof.publicKey, proof.signature);
    for (const part of [CRX3_CONTEXT, length, signed]) verifier.update(part);
    return verifier;
  });
  return { format: 'crx3', zipStart: PREFIX_BYTES + size, publicKey: own.publicKey, verifiers };
}

/** https://web.archive.org/web/2018/https://developer.chrome.com/extensions/crx */
async function readCrx2(handle: FileHandle, prefix: Buffer, version: number): Promise<CrxHeader> {
  if (version !== 2) throw unreadable(`A crx of version ${version} is not supported.`);
  const start = PREFIX_BYTES + 4;
  const whole = await readAt(handle, 0, start);
  if (whole.length < start) throw unreadable('The crx is truncated.');
  const sizes = [whole.readUInt32LE(8), whole.readUInt32LE(12)] as const;
  const header = await readHeader(handle, start, sizes[0] + sizes[1]);
  const publicKey = header.subarray(0, sizes[0]);
  const verifier = verifierOf('sha1', publicKey, header.subarray(sizes[0]));
  return { format: 'crx2', zipStart: start + header.length, publicKey, verifiers: [verifier] };
}

interface Proof {
  publicKey: Buffer;
  signature: Buffer;
}

function readProofs(header: Buffer): { proofs: Proof[]; signed: Buffer } {
  const proofs: Proof[] = [];
  let signed = Buffer.alloc(0);
  readMessage(header, (field, reader) => {
    if (field === FIELD.sha256WithRsa || field === FIELD.sha256WithEcdsa) {
      proofs.push(readProof(Buffer.from(reader.readBytes())));
    } else if (field === FIELD.signedHeaderData) {
      signed = Buffer.from(reader.readBytes());
    }
  });
  return { proofs, signed };
}

function readProof(message: Buffer): Proof {
  const proof = { publicKey: Buffer.alloc(0), signature: Buffer.alloc(0) };
  readMessage(message, (field, reader) => {
    if (field === 1) proof.publicKey = Buffer.from(reader.readBytes());
    else if (field === 2) proof.signature = Buffer.from(reader.readBytes());
  });
  return proof;
}

function readId(signed: Buffer): Buffer | undefined {
  let id: Buffer | undefined;
  readMessage(signed, (field, reader) => {
    if (field === 1) id = Buffer.from(reader.readBytes());
  });
  return id;
}

function readMessage(bytes: Buffer, take: (field: number, reader: PbfReader) => void): void {
  try {
    new PbfReader(bytes).readFields((field, _, reader) => take(field, reader), undefined);
  } catch (cause) {
    throw unreadable('The header of the crx is damaged.', cause);
  }
}

function verifierOf(algorithm: string, publicKey: Buffer, signature: Buffer): Verifier {
  const verify = createVerify(algorithm);
  return {
    update: (chunk) => void verify.update(chunk),
    isRight: () => {
      try {
        const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
        return verify.verify(key, signature);
      } catch {
        return false;
      }
    },
  };
}

async function readHeader(handle: FileHandle, start: number, size: number): Promise<Buffer> {
  if (size > HEADER_MAX_BYTES) throw unreadable('The header of the crx is damaged.');
  const header = await readAt(handle, start, size);
  if (header.length < size) throw unreadable('The crx is truncated.');
  return header;
}

async function readAt(handle: FileHandle, start: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, start);
  return buffer.subarray(0, bytesRead);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
