import { randomUUID } from 'node:crypto';
import { expect, test as base } from 'vitest';
import type { Answer } from './http.ts';
import { openTestService, type TestService, type TestServiceOptions } from './service.ts';
import { NO_WARM } from './settings.ts';

export interface TestWorkspace {
  id: string;
  name: string;
  /** The path of its runtimes. */
  runtimes: string;
  /** Creates a runtime and expects that it succeeds. */
  // oxlint-disable-next-line typescript/no-explicit-any
  create: (extra?: Record<string, unknown>) => Promise<any>;
  stop: (ref: string) => Promise<Answer>;
}

/** Tests with a service for their file, and a workspace of their own in it. */
export const test = testWith({});

/** The same without warm browsers. */
export const testWithoutWarm = testWith({ warm: NO_WARM });

/** The same with a service of its own kind. */
export function testWith(options: TestServiceOptions) {
  return testOf(() => openTestService(options));
}

/** The same with whatever service is opened. */
export function testOf<S extends TestService>(open: () => Promise<S>) {
  return base
    .extend('service', { scope: 'file' }, async ({}, { onCleanup }): Promise<S> => {
      const service = await open();
      onCleanup(() => service[Symbol.asyncDispose]());
      return service;
    })
    .extend('workspace', async ({ service }, { onCleanup }): Promise<TestWorkspace> => {
      const workspace = await createWorkspace(service);
      onCleanup(async () => {
        await service.call('DELETE', `/v1/workspaces/${workspace.id}?force=true`);
      });
      return workspace;
    });
}

export async function createWorkspace({ call }: Pick<TestService, 'call'>): Promise<TestWorkspace> {
  const name = `w-${randomUUID().slice(0, 8)}`;
  const made = await call('POST', '/v1/workspaces', { name });
  const runtimes = `/v1/workspaces/${made.json.id}/runtimes`;
  return {
    id: made.json.id,
    name,
    runtimes,
    create: async (extra = {}) => {
      const alias = `r-${randomUUID().slice(0, 8)}`;
      const created = await call('POST', runtimes, { alias, kind: 'browser', ...extra });
      expect(created, created.text).toMatchObject({ status: 200 });
      return created.json;
    },
    stop: (ref) => call('POST', `${runtimes}/${ref}/stop`),
  };
}
