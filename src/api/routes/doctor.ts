import { createRoute } from '@hono/zod-openapi';
import type { Diagnosis } from '../../runtime-manager/index.ts';
import { errors, json, requires } from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import { DoctorReportBody } from '../schemas/doctor.ts';

const doctor = createRoute({
  ...requires('admin'),
  operationId: 'doctor',
  method: 'get',
  path: '/v1/doctor',
  tags: ['Health'],
  summary: 'Report leftovers on this machine, and records that do not match it',
  description:
    'Finds processes, directories and ports of browsers that no runtime holds, records of runtimes without a browser, and what is old enough to be removed. `npm run doctor -- --fix` ends and corrects what was found.',
  responses: { 200: json(DoctorReportBody, 'The report'), ...errors() },
});

export function doctorRoutes({ diagnose }: { diagnose: () => Promise<Diagnosis> }) {
  return createRouter().openapi(doctor, async (c) => c.json(await diagnose(), 200));
}
