import { z } from '@hono/zod-openapi';
import { RUNTIME_STATES, STORAGE_STATES } from '../../runtime-manager/runtime/index.ts';

const Finding = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('orphan_processes'),
      directory: z.string(),
      processes: z.array(z.object({ pid: z.int(), program: z.string() })),
      ports: z.array(z.int()).openapi({ description: 'The TCP ports they listen on.' }),
    }),
    z.object({ kind: z.literal('orphan_directory'), directory: z.string() }),
    z.object({
      kind: z.literal('runtime_without_browser'),
      runtimeId: z.uuid(),
      alias: z.string(),
      state: z.enum(RUNTIME_STATES),
    }),
    z.object({
      kind: z.literal('foreign_storage').openapi({
        description:
          'The storage of archives belongs to another database, or to another copy of this one. Nothing is removed from it.',
      }),
    }),
  ])
  .openapi('DoctorFinding');

const Storage = z
  .object({
    state: z.enum(STORAGE_STATES).openapi({
      description:
        'Whose the storage of archives is: they are removed only from one that is `ours`.',
    }),
    examined: z.int().openapi({ description: 'Archives that were looked at, 10,000 at most.' }),
    isComplete: z.boolean().openapi({ description: 'Whether there are no more.' }),
    orphans: z.int().openapi({ description: 'Old archives that no record names.' }),
    orphanBytes: z.int(),
    orphanKeys: z.array(z.string()).openapi({ description: 'Of the first 20 of them.' }),
  })
  .openapi('DoctorStorage');

export const DoctorReportBody = z
  .object({
    examined: z.object({
      processes: z.int(),
      directories: z.int(),
      activeRuntimes: z.int(),
    }),
    findings: z.array(Finding).openapi({ description: 'Empty when all belongs together.' }),
    retention: z
      .object({
        runtimes: z.int().openapi({ description: 'Over for longer than they are kept.' }),
        events: z.int().openapi({ description: 'Older than events are kept.' }),
        storage: Storage,
      })
      .openapi({
        description: 'What is old enough to be removed now; each is counted to 10,000.',
      }),
  })
  .openapi('DoctorReport');
