import { z } from '@hono/zod-openapi';
import type { ControlReport } from '../../runtime-manager/index.ts';
import { CONTROL_REASON_MAX, HOLDERS } from '../../runtime-manager/runtime/index.ts';

const IDLE_MIN_SECONDS = 10;
const IDLE_MAX_SECONDS = 3600;
const IDLE_DEFAULT_SECONDS = 60;
const WAIT_MAX_SECONDS = 300;
/** Shorter than what drivers give an action, so that they tell this reason and not their own. */
const WAIT_DEFAULT_SECONDS = 20;

const Reason = z
  .string()
  .trim()
  .min(1)
  .max(CONTROL_REASON_MAX)
  .openapi({ description: 'The reason, for people to read.', example: 'Please log in.' });

const HumanControl = z
  .strictObject({
    holder: z.literal('human'),
    reason: Reason.optional(),
    idleSeconds: z
      .int()
      .min(IDLE_MIN_SECONDS)
      .max(IDLE_MAX_SECONDS)
      .default(IDLE_DEFAULT_SECONDS)
      .openapi({
        description:
          'Control returns to programs after this many seconds without input from the person.',
      }),
    clientsWaitSeconds: z.int().min(0).max(WAIT_MAX_SECONDS).default(WAIT_DEFAULT_SECONDS).openapi({
      description:
        'For how many seconds the input of programs waits before it fails. Most libraries give up on an action after 30 seconds.',
    }),
  })
  .openapi('HumanControl');

const AgentControl = z.strictObject({ holder: z.literal('agent') }).openapi('AgentControl');

export const SetControlRequest = z
  .discriminatedUnion('holder', [HumanControl, AgentControl])
  .openapi('SetControlRequest', { example: { holder: 'human', reason: 'Please log in.' } });

export const RequestControlRequest = z
  .strictObject({ reason: Reason })
  .openapi('RequestControlRequest', { example: { reason: 'Please log in.' } });

export const ControlBody = z
  .object({
    holder: z.enum(HOLDERS).openapi({
      description: 'Who has control of the browser: `agent` for programs, `human` for a person.',
    }),
    since: z.iso.datetime(),
    reason: z.string().nullable().openapi({
      description: 'Why a person has control, if a reason was given.',
    }),
    idleSeconds: z.number().nullable().openapi({
      description:
        'After how many seconds without input the person loses control. Null for `agent`.',
    }),
    clientsWaitSeconds: z.number().nullable().openapi({
      description:
        'For how many seconds the input of programs waits before it fails. Null for `agent`.',
    }),
    viewer: z.string().nullable().openapi({
      description: 'The viewer that has control. Null if control was taken through the API.',
    }),
    request: z.object({ reason: z.string(), at: z.iso.datetime() }).nullable().openapi({
      description: 'The pending request for a person. Null once a person has taken control.',
    }),
  })
  .openapi('RuntimeControl', {
    example: {
      holder: 'human',
      since: '2026-11-30T12:00:00.000Z',
      reason: 'Please log in.',
      idleSeconds: 60,
      clientsWaitSeconds: 20,
      viewer: null,
      request: null,
    },
  });

export function toControlBody({
  holder,
  since,
  hold,
  request,
}: ControlReport): z.infer<typeof ControlBody> {
  return {
    holder,
    since: since.toISOString(),
    reason: hold?.reason ?? null,
    idleSeconds: hold ? hold.idleMs / 1000 : null,
    clientsWaitSeconds: hold ? hold.clientsWaitMs / 1000 : null,
    viewer: hold?.viewer ?? null,
    request: request ? { reason: request.reason, at: request.at.toISOString() } : null,
  };
}
