import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { blocksOf, isRun, readPages } from '../support/pages.ts';
import { freshDirectory } from '../support/storages.ts';

const PATH = `${process.env['PATH']}:/usr/sbin`;
const run = promisify(execFile);
const pages = await readPages();

/** By language and mark: what looks at blocks that no test runs. Throws for what is wrong. */
const CHECKS: Record<string, (text: string) => Promise<unknown>> = {
  /** A picture. */
  text: async () => undefined,
  json: async (text) => JSON.parse(text),
  'sh not-run': (text) => run('sh', ['-n', '-c', text]),
  'js not-run': (text) => checkFile('block.mjs', 'node --check', () => text),
  yaml: async (text) => {
    for (const { errors } of parseAllDocuments(text)) expect(errors).toEqual([]);
  },
  'ini systemd': async (text) => {
    const told = await checkFile('bctrl.service', 'systemd-analyze verify', () => inThisUnit(text));
    // Before version 254 systemd does not know the last one, and ignores it.
    expect(told).not.toMatch(/Unknown key '(?!DelegateSubgroup')/);
  },
  nginx: (text) =>
    checkFile('nginx.conf', 'nginx -t -e stderr -c', (directory) => inNginx(text, directory)),
  caddy: (text) =>
    checkFile('Caddyfile', 'caddy validate --adapter caddyfile --config', () => text),
};

test.for(pages)('what no test runs in $path is checked by what reads it', async (page) => {
  for (const block of blocksOf(page).filter((one) => !isRun(one))) {
    const kind = [block.language, ...block.marks].join(' ');
    const check = CHECKS[kind];
    expect(check, `${block.place}: ${kind}`).toBeDefined();
    await check?.(block.text).catch((error: unknown) =>
      expect.unreachable(`${block.place}: ${String(error)}`),
    );
  }
});

/** The unit for this checkout of the project. */
function inThisUnit(text: string): string {
  return text.replaceAll('/opt/bctrl', fileURLToPath(new URL('../..', import.meta.url)));
}

/** A file of `conf.d` as a whole configuration, which takes no port of the machine. */
function inNginx(text: string, directory: string): string {
  const body = text.replace('listen 80;', `listen unix:${directory}/socket;`);
  return `pid ${directory}/pid;\nevents {}\nhttp {\naccess_log off;\n${body}}\n`;
}

/** What the program says of the file. Where it is not installed, nothing is checked. */
async function checkFile(
  name: string,
  command: string,
  textIn: (directory: string) => string,
): Promise<string> {
  const [program = '', ...args] = command.split(' ');
  if ((await findExecutable([program], PATH)) === undefined) return '';
  const directory = await freshDirectory();
  const path = join(directory, name);
  await writeFile(path, textIn(directory));
  const { stderr } = await run(program, [...args, path], { env: { PATH, HOME: directory } });
  return stderr;
}
