import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { chromiumsOf } from '../support/processes.ts';
import { test, type TestWorkspace } from '../support/test.ts';
import { warmBrowsers } from '../support/warm.ts';
import type { TestService } from '../support/service.ts';

const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 6);
const OPERATIONS = ['create', 'start', 'stop', 'restart', 'delete'] as const;

/** The answers that each request may get, whatever runs beside it. */
const ALLOWED = {
  create: [200, 409],
  start: [200, 404, 409],
  stop: [200, 404],
  restart: [200, 404, 409],
  delete: [200, 404, 409],
} as const;

/** The model: which state may follow which in the life of one runtime. */
const NEXT: Record<string, string[]> = {
  '': ['runtime.created'],
  'runtime.created': ['runtime.launched', 'runtime.stopped', 'runtime.failed'],
  'runtime.launched': ['runtime.stopped', 'runtime.failed'],
  'runtime.stopped': ['runtime.launched', 'runtime.stopped', 'runtime.failed'],
  'runtime.failed': ['runtime.launched', 'runtime.stopped', 'runtime.failed'],
};

const step = fc.record({ operation: fc.constantFrom(...OPERATIONS), afterMs: fc.nat(400) });

test(
  'create, start, stop, restart and delete in any order end in a consistent state',
  async ({ service, workspace }) => {
    const interleaving = fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 8 }),
      async (steps) => {
        const alias = `x-${randomUUID().slice(0, 8)}`;
        await service.call('POST', workspace.runtimes, { alias, kind: 'browser' });
        await Promise.all(
          steps.map(async ({ operation, afterMs }) => {
            await delay(afterMs);
            const answer = await perform(service, workspace, alias, operation);
            expect(ALLOWED[operation], `${operation}: ${answer.text}`).toContain(answer.status);
            if (answer.status === 200) expect(answer.json.alias).toBe(alias);
          }),
        );
        await expectConsistent(service, workspace, alias);
      },
    );
    await fc.assert(interleaving, { numRuns: rounds, endOnFailure: true });
  },
  rounds * 60_000,
);

function perform(
  { call }: TestService,
  { runtimes }: TestWorkspace,
  alias: string,
  operation: (typeof OPERATIONS)[number],
) {
  if (operation === 'create') return call('POST', runtimes, { alias, kind: 'browser' });
  if (operation === 'delete') return call('DELETE', `${runtimes}/${alias}`);
  return call('POST', `${runtimes}/${alias}/${operation}`);
}

async function expectConsistent(service: TestService, workspace: TestWorkspace, alias: string) {
  const { json } = await service.call('GET', workspace.runtimes);
  const ours = json.runtimes.filter((runtime: { alias: string }) => runtime.alias === alias);
  const active = ours.filter(({ status }: { status: string }) => status === 'active');
  expect(active.length).toBeLessThanOrEqual(1);
  for (const { id, status, generation, summary } of ours) {
    const { events } = (await service.call('GET', `${workspace.runtimes}/${id}/events`)).json;
    const types: string[] = events.map(({ type }: { type: string }) => type);
    for (const [index, type] of types.entries()) {
      expect(NEXT[types[index - 1] ?? ''], types.join(' ')).toContain(type);
    }
    const ends = types.filter((type) => /stopped|failed/.test(type)).length;
    expect(generation).toBe(ends + (status === 'active' ? 1 : 0));
    const last = status === 'active' ? 'runtime.launched' : `runtime.${status}`;
    expect(types.at(-1)).toBe(last);
    expect(summary.browserRunning).toBe(status === 'active');
  }
  await eventually(async () => {
    const browsers = await chromiumsOf(service.browserRoot);
    expect(browsers).toHaveLength(active.length + (await warmBrowsers(service.nodeUrl)));
  });
  expect((await service.call('GET', '/v1/doctor')).json.findings).toEqual([]);
  for (const { id } of active) await workspace.stop(id);
}
