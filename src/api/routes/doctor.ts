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
  summary: 'Report leftovers and inconsistencies on this machine',
  description:
    'Reports processes, directories and ports of browsers that belong to no runtime, records of runtimes that have no browser, and data that is old enough to be deleted. It changes nothing: to end and correct what it reports, run `npm run doctor -- --fix`.',
  responses: { 200: json(DoctorReportBody, 'The report'), ...errors() },
});

export function doctorRoutes({ diagnose }: { diagnose: () => Promise<Diagnosis> }) {
  return createRouter().openapi(doctor, async (c) => c.json(await diagnose(), 200));
}
