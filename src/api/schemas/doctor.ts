import { z } from '@hono/zod-openapi';
import { RUNTIME_STATES, STORAGE_STATES } from '../../runtime-manager/runtime/index.ts';

const Finding = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('orphan_processes'),
      directory: z.string(),
      processes: z.array(z.object({ pid: z.int(), program: z.string() })),
      ports: z
        .array(z.int())
        .openapi({ description: 'The TCP ports that the processes listen on.' }),
    }),
    z.object({ kind: z.literal('orphan_directory'), directory: z.string() }),
    z.object({
      kind: z.literal('runtime_without_browser'),
      runtimeId: z.uuid(),
      alias: z.string(),
      state: z.enum(RUNTIME_STATES),
    }),
    z.object({
      kind: z.literal('wrong_content').openapi({
        description: 'A file whose content is missing from the storage, or has the wrong size.',
      }),
      id: z.uuid().openapi({ description: 'The id of the file.' }),
      organizationId: z.uuid(),
      key: z
        .string()
        .openapi({ description: 'The key in the storage where the content should be.' }),
      sizeBytes: z.int(),
      foundBytes: z
        .int()
        .optional()
        .openapi({ description: 'The actual size; absent if there is no content.' }),
    }),
    z.object({
      kind: z.literal('wrong_storage_bytes').openapi({
        description:
          'An organization whose recorded storage use differs from the size of its files. `npm run doctor -- --fix` corrects the record.',
      }),
      organizationId: z.uuid(),
      countedBytes: z.int(),
      storedBytes: z.int(),
    }),
    z.object({
      kind: z.literal('foreign_storage').openapi({
        description:
          'The storage of archives belongs to another database, or to another copy of this one. The service deletes nothing from such a storage.',
      }),
    }),
  ])
  .openapi('DoctorFinding');

const Storage = z
  .object({
    state: z.enum(STORAGE_STATES).openapi({
      description:
        'Who the storage of archives belongs to. The service deletes archives only if it is `ours`.',
    }),
    examined: z.int().openapi({ description: 'How many archives were examined, at most 10,000.' }),
    isComplete: z.boolean().openapi({ description: 'Whether all archives were examined.' }),
    orphans: z.int().openapi({ description: 'How many old archives have no record.' }),
    orphanBytes: z.int(),
    orphanKeys: z.array(z.string()).openapi({ description: 'The keys of the first 20 orphans.' }),
  })
  .openapi('DoctorStorage');

export const DoctorReportBody = z
  .object({
    examined: z.object({
      processes: z.int(),
      directories: z.int(),
      activeRuntimes: z.int(),
    }),
    findings: z
      .array(Finding)
      .openapi({ description: 'What is wrong; empty if everything is consistent.' }),
    files: z
      .object({
        examined: z.int().openapi({
          description: 'How many files were compared with their content, at most 1,000.',
        }),
        isComplete: z.boolean().openapi({
          description:
            'Whether all files were compared, and the recorded storage use of organizations was checked, which is done for up to 100,000 files.',
        }),
        wrong: z.int().openapi({
          description:
            'How many files have missing or wrong content; the first 20 are in `findings`.',
        }),
      })
      .openapi('DoctorFiles'),
    retention: z
      .object({
        runtimes: z.int().openapi({
          description: 'How many ended runtimes are past their retention period.',
        }),
        events: z
          .int()
          .openapi({ description: 'How many events are past their retention period.' }),
        storage: Storage,
      })
      .openapi({
        description: 'What is old enough to be deleted now. Each count stops at 10,000.',
      }),
  })
  .openapi('DoctorReport');
