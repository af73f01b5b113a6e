import { expect } from 'vitest';
import type { ClusterProcess } from '../../support/cluster.ts';
import { createOn, type ReplicasTest } from '../../support/replicas.ts';
import { createWorkspace } from '../../support/test.ts';

/** How steps are carried out on any machine, at any API. */
export function testOperations(test: ReplicasTest): void {
  test('steps are carried out, waited for and cancelled through any API', async ({
    replicas: { nodes, first, second },
  }) => {
    const workspace = await createWorkspace(first);
    const [one] = nodes;
    const { alias } = await createOn(one, workspace, {});
    const execute = (by: ClusterProcess, steps: object[], waitMs?: number) =>
      by.call('POST', `/v1/workspaces/${workspace.id}/execute`, { runtime: alias, steps, waitMs });
    const drawn = await execute(second, [
      { call: 'page.setContent', args: ['<title>here</title>'] },
      { call: 'page.title' },
      { call: 'page.screenshot' },
    ]);
    expect(drawn.json.result?.steps[1], drawn.text).toMatchObject({ value: 'here' });
    const { id } = drawn.json.result.steps[2].file;
    const content = await first.call('GET', `${workspace.runtimes}/${alias}/files/${id}/content`);
    expect(content.text).toContain('PNG');

    const long = await execute(first, [{ call: 'page.waitForTimeout', args: [20_000] }], 0);
    expect(long).toMatchObject({ status: 202, json: { status: 'running' } });
    const waited = second.call('POST', `/v1/operations/${long.json.id}/wait`, {});
    const cancelled = await second.call('POST', `/v1/operations/${long.json.id}/cancel`);
    expect(cancelled, cancelled.text).toMatchObject({ json: { status: 'cancelled' } });
    expect((await waited).json.operation).toMatchObject({ status: 'cancelled' });
  });
}
