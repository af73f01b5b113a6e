import { z } from '@hono/zod-openapi';
import { RUNTIME_STATES } from '../../runtime-manager/index.ts';

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
  ])
  .openapi('DoctorFinding');

export const DoctorReportBody = z
  .object({
    examined: z.object({
      processes: z.int(),
      directories: z.int(),
      activeRuntimes: z.int(),
    }),
    findings: z.array(Finding).openapi({ description: 'Empty when all belongs together.' }),
  })
  .openapi('DoctorReport');
