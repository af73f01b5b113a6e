import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runCommand } from '../../support/command-line.ts';

const NOWHERE = { BCTRL_DATA_DIR: '/nowhere' };

test.for(['main', 'cli/keys', 'cli/doctor', 'cli/migrate', 'cli/nodes'])(
  '--help of %s shows the usage, and does nothing else',
  async (name) => {
    const { stdout, stderr } = await runCommand(name, ['--help'], NOWHERE);
    expect(stdout).toContain('usage: npm ');
    expect(stderr).toBe('');
  },
);

test('an unknown argument ends the start of the service', async () => {
  await expect(runCommand('main', ['--port', '80'], NOWHERE)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--port'),
  });
});

test('the tool for API keys loads nothing that runs a browser', async () => {
  const listing = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.argv.push('--help');
    process.on('exit', () => process.stderr.write(loaded.join('\\n')));
    await import(process.cwd() + '/src/api/cli/keys.ts');`;
  const args = ['--input-type=module', '--eval', listing];
  const { stderr } = await promisify(execFile)(process.execPath, args, { env: {} });
  const loaded = stderr.split('\n').filter((url) => url.includes('/src/'));
  expect(loaded.length).toBeGreaterThan(10);
  expect(
    loaded.filter((url) => /node\/|connections|browser\/browser|manager\.ts/.test(url)),
  ).toEqual([]);
  // The tables of the database and the vocabulary of the core; the whole service is several hundred.
  expect(loaded.length).toBeLessThan(120);
});
