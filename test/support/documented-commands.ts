import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Block } from './pages.ts';
import { freshDirectory } from './storages.ts';

/** What a block finds in its directory beside what the blocks before it left there. */
const PROJECT = ['node_modules', 'package.json', 'src', 'drizzle'];
const ENDLESS_MS = 60_000;

const PREFIX = 'set -ea; [ ! -f .env ] || . ./.env\n';
const SUFFIX = '\nexport -p > .env\n';

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
    // An answer of the service that is an error fails the block.
    await writeFile(join(directory, '.curlrc'), 'fail-with-body\n');
    return new DocumentedCommands(directory, env);
  }

  /** What the block prints. Rejects with all its output when it fails. */
  async run({ language, marks, text }: Block): Promise<string> {
    this.#count += 1;
    const script = await this.#scriptOf(language, text);
    const child = spawn('sh', ['-c', script], {
      cwd: this.directory,
      env: marks.includes('refused') ? { ...this.env, HOME: '/', CURL_HOME: '/' } : this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => (output.stdout += String(data)));
    child.stderr.on('data', (data) => (output.stderr += String(data)));
    const ended = once(child, 'close');
    if (marks.includes('endless')) {
      await Promise.race([once(child.stdout, 'data'), ended, setTimeout(ENDLESS_MS)]);
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
      if (output.stdout === '') throw new Error(`It printed nothing. ${output.stderr}`);
      return output.stdout;
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`It ended with ${code}.\n${output.stdout}\n${output.stderr}`);
    return output.stdout;
  }

  async #scriptOf(language: string, text: string): Promise<string> {
    if (language === 'sh') return PREFIX + text + SUFFIX;
    const [program, file] = language === 'js' ? ['node', 'mjs'] : ['python3', 'py'];
    const name = `block-${this.#count}.${file}`;
    await writeFile(join(this.directory, name), text);
    return `${PREFIX}export PATH; ${program} ${name}`;
  }
}
