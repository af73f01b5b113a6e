import { expect } from 'vitest';
import { test } from '../support/api-test.ts';

test('what is wrong with a wish for control is said by field', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/control`;
  const wrong: [string, object, string][] = [
    [path, {}, 'holder'],
    [path, { holder: 'robot' }, 'holder'],
    [path, { holder: 'human', idleSeconds: 9 }, 'idleSeconds'],
    [path, { holder: 'human', idleSeconds: 3601 }, 'idleSeconds'],
    [path, { holder: 'human', clientsWaitSeconds: 301 }, 'clientsWaitSeconds'],
    [path, { holder: 'human', clientsWaitSeconds: -1 }, 'clientsWaitSeconds'],
    [path, { holder: 'human', reason: ' ' }, 'reason'],
    [path, { holder: 'agent', idleSeconds: 60 }, 'idleSeconds'],
    [`${path}/request`, {}, 'reason'],
    [`${path}/request`, { reason: 'x'.repeat(501) }, 'reason'],
  ];
  for (const [at, body, field] of wrong) {
    const answer = await service.call('POST', at, body);
    expect(answer, `${at} ${JSON.stringify(body)}`).toMatchObject({
      status: 400,
      json: {
        code: 'request.invalid',
        details: { issues: [expect.objectContaining({ in: 'body', path: field })] },
      },
    });
  }
});

test('nobody drives a runtime that is over', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  await workspace.stop(id);
  const path = `${workspace.runtimes}/${id}/control`;
  const answers = [
    await service.call('GET', path),
    await service.call('POST', path, { holder: 'human' }),
    await service.call('POST', `${path}/request`, { reason: 'r' }),
  ];
  for (const answer of answers) expect(answer.json).toMatchObject({ code: 'runtime.not_active' });
});
