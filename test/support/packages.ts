import {
  createHash,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { buffer } from 'node:stream/consumers';
import { PbfWriter } from 'pbf';
import yazl from 'yazl';

const STORE_PACKAGES = createRequire(import.meta.url).resolve('@tomjs/electron-devtools-files');

/** React Developer Tools, as the Chrome Web Store signed it. */
export const REACT_DEVTOOLS = 'fmkadmapgofadopljbjfkapdkoienihi';

export function storePackage(id: string): Promise<Buffer> {
  return readFile(new URL(`extensions/${id}.crx`, `file://${STORE_PACKAGES}`));
}

export type Files = Record<string, string | Buffer>;

/** Objects are written as JSON. */
export function zipOf(files: Record<string, string | Buffer | object>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.isBuffer(content)
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    zip.addBuffer(bytes, name);
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** A small extension: marks every page, and says so from its worker. */
export function marker(name: string, more: object = {}, files: Files = {}): Promise<Buffer> {
  const key = name.replaceAll(/\W/g, '');
  return zipOf({
    'manifest.json': {
      manifest_version: 3,
      name,
      version: '1.0',
      content_scripts: [{ matches: ['<all_urls>'], js: ['content.js'], run_at: 'document_start' }],
      background: { service_worker: 'worker.js' },
      permissions: ['storage'],
      ...more,
    },
    'content.js': `document.documentElement.dataset.${key} = chrome.runtime.id;
      chrome.runtime.sendMessage('hello').then((said) => { document.documentElement.dataset.${key}said = said; });`,
    'worker.js': `chrome.runtime.onMessage.addListener((_, __, answer) => {
      chrome.storage.local.get({ count: 0 }).then(({ count }) =>
        chrome.storage.local.set({ count: count + 1 }).then(() => answer(String(count + 1))));
      return true;
    });`,
    ...files,
  });
}

export function rsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** https://source.chromium.org/chromium/chromium/src/+/main:components/crx_file/crx3.proto */
export function crx3Of(zip: Buffer, key: KeyObject, claimed = key): Buffer {
  const id = createHash('sha256').update(publicDer(claimed)).digest().subarray(0, 16);
  const signedData = new PbfWriter();
  signedData.writeBytesField(1, id);
  const signed = Buffer.from(signedData.finish());
  const sign = createSign('sha256').update('CRX3 SignedData\0').update(uint32(signed.length));
  const signature = sign.update(signed).update(zip).sign(key);
  const proof = new PbfWriter();
  proof.writeBytesField(1, publicDer(key));
  proof.writeBytesField(2, signature);
  const header = new PbfWriter();
  header.writeBytesField(2, proof.finish());
  header.writeBytesField(10_000, signed);
  const bytes = Buffer.from(header.finish());
  return Buffer.concat([Buffer.from('Cr24'), uint32(3), uint32(bytes.length), bytes, zip]);
}

export function crx2Of(zip: Buffer, key: KeyObject): Buffer {
  const der = publicDer(key);
  const signature = createSign('sha1').update(zip).sign(key);
  const sizes = [uint32(2), uint32(der.length), uint32(signature.length)];
  return Buffer.concat([Buffer.from('Cr24'), ...sizes, der, signature, zip]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
