import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from './pages.ts';
import { freshDirectory } from './storages.ts';

/** What a block finds in its directory beside what the blocks before it left there. */
const PROJECT = ['node_modules', 'package.json', 'src', 'drizzle'];
const LIMIT_MS = 240_000;

/** Each block has the variables that the blocks before it set. */
const BEFORE = 'set -ea; [ ! -f .env ] || . ./.env\n';
const AFTER = '\nexport -p > .env\n';
/** Without the settings of curl, by which an answer that is an error fails the block. */
const MAY_BE_REFUSED = 'HOME=/ CURL_HOME=/\n';

/** A directory, and the variables of a shell, in which the blocks of one page run in their order. */
export class DocumentedCommands {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  #count = 0;

  private constructor(directory: string, env: Record<string, string>) {
    this.directory = directory;
    this.env = { ...env, HOME: directory, CURL_HOME: directory };
  }

  static async open(env: Record<string, string>): Promise<DocumentedCommands> {
    const directory = await freshDirectory();
    await Promise.all(
      PROJECT.map((name) =>
        symlink(new URL(`../../${name}`, import.meta.url).pathname, join(directory, name)),
      ),
    );
    await writeFile(join(directory, '.curlrc'), 'fail-with-body\n');
    return new DocumentedCommands(directory, env);
  }

  /** What the block prints; of an `endless` one, what it prints first. Throws with all its output. */
  async run(block: Block): Promise<string> {
    this.#count += 1;
    const child = spawn('sh', ['-c', await this.#scriptOf(block)], {
      cwd: this.directory,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => (output.stdout += String(data)));
    child.stderr.on('data', (data) => (output.stderr += String(data)));
    const isEndless = block.marks.includes('endless');
    if (isEndless) child.stdout.once('data', () => killGroup(child));
    const limit = setTimeout(() => killGroup(child), LIMIT_MS);
    const [code] = await once(child, 'close');
    clearTimeout(limit);
    const isGood = isEndless ? output.stdout !== '' : code === 0;
    if (!isGood) throw new Error(`It ended with ${code}.\n${output.stdout}\n${output.stderr}`);
    return output.stdout;
  }

  async #scriptOf({ language, marks, text }: Block): Promise<string> {
    if (marks.includes('refused')) return BEFORE + MAY_BE_REFUSED + text;
    if (language === 'sh') return BEFORE + text + AFTER;
    const [program, ending] = language === 'js' ? ['node', 'mjs'] : ['python3', 'py'];
    const name = `block-${this.#count}.${ending}`;
    await writeFile(join(this.directory, name), text);
    return `${BEFORE}${program} ${name}`;
  }
}

function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL');
}
