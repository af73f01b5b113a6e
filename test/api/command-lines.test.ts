import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test.for(['main', 'keys', 'doctor'])(
  '--help of %s says how it is called, and does nothing',
  async (name) => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [`src/api/${name}.ts`, '--help'],
      {
        env: { BCTRL_DATA_DIR: '/nowhere' },
      },
    );
    expect(stdout).toContain('usage: npm ');
    expect(stderr).toBe('');
  },
);

test('an argument that means nothing ends a start', async () => {
  const started = promisify(execFile)(process.execPath, ['src/api/main.ts', '--port', '80'], {
    env: { BCTRL_DATA_DIR: '/nowhere' },
  });
  await expect(started).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--port'),
  });
});
