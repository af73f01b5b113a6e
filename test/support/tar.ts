import { zstdCompressSync } from 'node:zlib';

const BLOCK = 512;
const TYPES = { file: '0', hardLink: '1', link: '2', device: '3', directory: '5', fifo: '6' };

export interface TarEntry {
  name: string;
  type?: keyof typeof TYPES;
  /** Of a file. */
  content?: string | Buffer;
  /** What a link leads to. */
  to?: string;
  mode?: number;
}

/**
 * An archive as the storage keeps them, with whatever its entries say: no tool would write most of
 * these. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar).
 */
export function archiveOf(entries: TarEntry[]): Buffer {
  return zstdCompressSync(Buffer.concat([...entries.map(blocksOf), Buffer.alloc(2 * BLOCK)]));
}

function blocksOf({ name, type = 'file', content = '', to = '', mode = 0o700 }: TarEntry): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), at);
  header.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes.length, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write(TYPES[type], 156);
  header.write(to, 157);
  header.write('ustar\x0000', 257);
  // Of a device: that of /dev/zero.
  octal(1, 329, 8);
  octal(5, 337, 8);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, bytes, padding]);
}
