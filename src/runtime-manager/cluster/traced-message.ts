import { z } from 'zod';
import { tracePosition, type TracePosition } from '../tracing/tracing.ts';

const Position = z.object({ traceparent: z.string(), tracestate: z.string().optional() });
const Traced = z.object({ trace: Position.optional().catch(undefined) });

/** A message that also says where the trace is. Whoever does not know the key drops it. */
export function withPosition(message: unknown): unknown {
  const trace = tracePosition();
  return trace && typeof message === 'object' ? { ...message, trace } : message;
}

/** Undefined for a message that is in no trace. */
export function positionOf(message: unknown): TracePosition | undefined {
  return Traced.safeParse(message).data?.trace;
}
