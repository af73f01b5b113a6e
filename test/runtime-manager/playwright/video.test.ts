import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(
  new URL('../../../src/runtime-manager/playwright/video.ts', import.meta.url),
);

/** Runs in its own process, because the confinement cannot be undone. */
async function triesOf(commands: string[]): Promise<unknown> {
  const script = `
    import { recordWith } from ${JSON.stringify(MODULE)};
    import * as named from 'node:child_process';
    import all from 'node:child_process';
    recordWith('/bin/true', '/files');
    const tries = [${commands.map((command) => `() => ${command}`).join()}];
    process.stdout.write(JSON.stringify(tries.map((run) => {
      try { return run().pid > 0; } catch (error) { return error.message; }
    })));`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

test("Playwright's process starts ffmpeg to record into its folder, and nothing else", async () => {
  const recording = "'-i', 'pipe:0', '-y', '-vf', 'pad=8:8:0:0:gray,crop=8:8:0:0'";
  const refused = 'this process starts no others';
  expect(
    await triesOf([
      `all.spawn('/bin/true', [${recording}, '/files/a-1/page@2.webm'])`,
      `all.spawn('/bin/false', [${recording}, '/files/a.webm'])`,
      `all.spawn('/bin/true', [${recording}, '/elsewhere/a.webm'])`,
      `all.spawn('/bin/true', [${recording}, '/files/../a.webm'])`,
      `all.spawn('/bin/true', [${recording}, '-i', '/etc/passwd', '/files/a.webm'])`,
      `all.spawn('/bin/true', [${recording}, '/tmp/b.webm', '/files/a.webm'])`,
      `named.execFile('/bin/true')`,
      `named.exec('true')`,
      `named.fork('/bin/true')`,
      `named.execFileSync('/bin/true')`,
      `all.spawnSync('/bin/true')`,
    ]),
  ).toEqual([true, ...Array(10).fill(refused)]);
});
