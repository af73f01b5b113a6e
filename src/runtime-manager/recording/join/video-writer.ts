import { open, type FileHandle } from 'node:fs/promises';
import { box, HEAD_BYTES, lengthOf, uint32, type Bytes } from './boxes.ts';
import { indexBytesMax, videoIndex, type PictureTable } from './video-index.ts';

export interface VideoFormat {
  width: number;
  height: number;
  /** The box `stsd`. */
  format: Buffer;
  /** How many pictures may be added. */
  countMax: number;
}

/** How much is gathered for one write. */
const WRITE_BYTES = 1024 * 1024;
const FILE_TYPE = box('ftyp', Buffer.from('isom'), uint32(0), Buffer.from('isomiso6av01mp41'));
/** The head of the data says its size in 64 bits. */
const DATA_HEAD_BYTES = 16;

/**
 * Writes an MP4 with its index in front, into room that is reserved for it. Of each picture 9 bytes
 * are kept in memory until then.
 */
export class VideoWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #format: VideoFormat;
  readonly #pictures: PictureTable;
  readonly #dataAt: number;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #writtenTo: number;

  private constructor(file: FileHandle, format: VideoFormat) {
    this.#file = file;
    this.#format = format;
    const { countMax } = format;
    this.#pictures = {
      count: 0,
      sizes: new Uint32Array(countMax),
      durationsMs: new Uint32Array(countMax),
      keys: new Uint8Array(countMax),
    };
    const indexBytes = indexBytesMax(countMax, format.format);
    this.#dataAt = lengthOf(FILE_TYPE) + indexBytes + HEAD_BYTES + DATA_HEAD_BYTES;
    this.#writtenTo = this.#dataAt;
  }

  static async open(path: string, format: VideoFormat): Promise<VideoWriter> {
    return new VideoWriter(await open(path, 'w'), format);
  }

  /** How many pictures were added. */
  get count(): number {
    return this.#pictures.count;
  }

  /** Adds a picture that follows the last one. */
  async add(data: Uint8Array, isKey: boolean, durationMs: number): Promise<void> {
    const { sizes, durationsMs, keys } = this.#pictures;
    const nth = this.#pictures.count++;
    [sizes[nth], durationsMs[nth], keys[nth]] = [data.byteLength, durationMs, isKey ? 1 : 0];
    this.#gathered.push(data);
    this.#gatheredBytes += data.byteLength;
    if (this.#gatheredBytes >= WRITE_BYTES) await this.#flush();
  }

  /** Completes the file. */
  async finish(): Promise<void> {
    await this.#flush();
    const dataBytes = this.#writtenTo - this.#dataAt + DATA_HEAD_BYTES;
    const dataBytes64 = uint32(Math.floor(dataBytes / 2 ** 32), dataBytes % 2 ** 32);
    const index = videoIndex({ ...this.#format, pictures: this.#pictures, dataAt: this.#dataAt });
    const front = [...FILE_TYPE, ...index];
    const unused = this.#dataAt - DATA_HEAD_BYTES - lengthOf(front) - HEAD_BYTES;
    front.push(...box('free', Buffer.alloc(unused)), uint32(1), Buffer.from('mdat'), dataBytes64);
    await this.#write(front, 0);
  }

  async #flush(): Promise<void> {
    const data = this.#gathered;
    const at = this.#writtenTo;
    this.#writtenTo += this.#gatheredBytes;
    [this.#gathered, this.#gatheredBytes] = [[], 0];
    await this.#write(data, at);
  }

  /** A full disk shows in that less was written. */
  async #write(bytes: Bytes, at: number): Promise<void> {
    const { bytesWritten } = await this.#file.writev(bytes, at);
    if (bytesWritten < lengthOf(bytes)) throw new Error('the video could not be written in full');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
