import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFolder } from './folder.ts';

const run = promisify(execFile);
const FASTEST = {
  libsvtav1: ['-preset', '12'],
  'libaom-av1': ['-cpu-used', '8', '-usage', 'realtime'],
  librav1e: ['-speed', '10'],
};
type Encoder = keyof typeof FASTEST;
const ENCODERS: Encoder[] = ['libsvtav1', 'libaom-av1', 'librav1e'];

/** A color, and for how many seconds it is shown. */
export type Shade = [color: string, seconds: number];

/** Makes AV1 videos of plain colors, as parts of recordings are: 10 pictures a second. */
export class ColorVideos {
  readonly #ffmpeg: string;
  #encoder: Promise<Encoder> | undefined;

  /** `ffmpeg` is its path. */
  constructor(ffmpeg: string) {
    if (ffmpeg === '') throw new Error('these tests make videos with ffmpeg, which is not here');
    this.#ffmpeg = ffmpeg;
  }

  async make(...shades: Shade[]): Promise<Buffer> {
    const encoder = await (this.#encoder ??= this.#findEncoder());
    const path = join(await openFolder(), 'video.mp4');
    const inputs = shades.flatMap(([color, seconds]) => [
      '-f',
      'lavfi',
      '-i',
      `color=${color}:s=640x360:d=${seconds}:r=10`,
    ]);
    const filter = ['-filter_complex', `concat=n=${shades.length},format=yuv420p`];
    const output = ['-c:v', encoder, ...FASTEST[encoder], '-g', '10', '-movflags', '+faststart'];
    await run(this.#ffmpeg, ['-loglevel', 'error', ...inputs, ...filter, ...output, path]);
    return readFile(path);
  }

  async #findEncoder(): Promise<Encoder> {
    const { stdout } = await run(this.#ffmpeg, ['-hide_banner', '-encoders']);
    const found = ENCODERS.find((name) => stdout.includes(` ${name} `));
    if (found === undefined) throw new Error('this ffmpeg encodes no AV1');
    return found;
  }
}
