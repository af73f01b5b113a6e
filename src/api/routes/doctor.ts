import { createRoute } from '@hono/zod-openapi';
import type { Diagnosis } from '../../runtime-manager/index.ts';
import { requireAdmin } from '../middleware/auth.ts';
import { bearer, errors, json } from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
import { DoctorReportBody } from '../schemas/doctor.ts';

const doctor = createRoute({
  operationId: 'doctor',
  method: 'get',
  path: '/v1/doctor',
  tags: ['Health'],
  security: bearer,
  summary: 'List what does not belong together on this machine',
  description:
    'Processes, directories and ports of browsers that nobody holds, and records of runtimes without a browser; and what is old enough to be removed. For admin keys; `npm run doctor -- --fix` ends and corrects what was found.',
  middleware: [requireAdmin],
  responses: { 200: json(DoctorReportBody, 'The report'), ...errors('auth.forbidden') },
});

export function doctorRoutes({ diagnose }: { diagnose: () => Promise<Diagnosis> }) {
  return createRouter().openapi(doctor, async (c) => c.json(await diagnose(), 200));
}
