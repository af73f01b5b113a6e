import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { registry } from 'playwright-core/lib/coreBundle';
import { z } from 'zod';

const Command = z.object({ file: z.string(), args: z.array(z.string()) });

/** Options, numbers and filters of ffmpeg; nothing that leads to a file. */
const PLAIN = /^[\w:.,=-]+$/;

/**
 * Has Playwright record with this ffmpeg, and tells whoever asks for a video when there is none.
 * From here on this process starts nothing else, and ffmpeg only to read its standard input and to
 * write one file into `folder`.
 */
export function recordWith(ffmpegPath: string | undefined, folder: string): void {
  registry.registry.findExecutable('ffmpeg').executablePathOrDie = () => {
    if (ffmpegPath !== undefined) return ffmpegPath;
    throw new Error('This service cannot record videos: its machine has no ffmpeg.');
  };
  confineProcesses((command) => command.file === ffmpegPath && records(command, folder));
}

/** Whether a command's arguments are those of a recording. */
function records({ args: [, ...args] }: z.infer<typeof Command>, folder: string): boolean {
  const [output = ''] = args.splice(-1);
  const inputs = args.filter((_, at) => args[at - 1] === '-i');
  return (
    inputs.join() === 'pipe:0' &&
    args.every((argument) => PLAIN.test(argument)) &&
    output.startsWith(`${folder}/`) &&
    /^(?:\/[\w@-]+)+\.webm$/.test(output)
  );
}

function confineProcesses(isAllowed: (command: z.infer<typeof Command>) => boolean): void {
  // Every function that starts a process and does not block comes through here.
  const spawn: unknown = Reflect.get(ChildProcess.prototype, 'spawn');
  if (typeof spawn !== 'function') throw new Error('Node starts processes in another way');
  const spawnConfined = function (this: ChildProcess, options: unknown): unknown {
    const command = Command.safeParse(options).data;
    return command && isAllowed(command) ? Reflect.apply(spawn, this, [options]) : refuse();
  };
  Reflect.set(ChildProcess.prototype, 'spawn', spawnConfined);
  Object.assign(childProcess, { execFileSync: refuse, execSync: refuse, spawnSync: refuse });
  syncBuiltinESMExports();
}

function refuse(): never {
  throw new Error('this process starts no others');
}
