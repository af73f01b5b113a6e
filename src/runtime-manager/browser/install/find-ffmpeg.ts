import { findExecutable, isExecutable } from './find-executable.ts';

/**
 * The ffmpeg that records videos: `explicit`, else the system's. Undefined when there is none.
 * Throws when `explicit` is given and cannot be executed.
 */
export async function findFfmpeg(
  explicit: string | undefined,
  searchPath: string,
): Promise<string | undefined> {
  if (explicit === undefined) return findExecutable(['ffmpeg'], searchPath);
  if (await isExecutable(explicit)) return explicit;
  throw new Error(`FFMPEG_PATH names ${explicit}, which is not an executable file.`);
}
