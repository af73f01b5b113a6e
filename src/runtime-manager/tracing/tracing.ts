import {
  context,
  INVALID_TRACEID,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Context,
  type Link,
} from '@opentelemetry/api';
import { allowed, type Attributes } from './attributes.ts';
import { codeOf, innermost, OpenSpan, withOpen } from './open-span.ts';
import type { EdgeSpan, SpanName } from './spans.ts';

/** Where a trace goes on in another process. https://www.w3.org/TR/trace-context/ */
export interface TracePosition {
  traceparent: string;
  tracestate?: string | undefined;
}

/** As headers have it, which may lack it. */
type MaybeTracePosition = { [Name in keyof TracePosition]?: TracePosition[Name] | undefined };

const SCOPE = 'bctrl';
const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER };

/**
 * Does work in a span, which ends with it and has failed when the work throws. Without an SDK, which
 * only `api/telemetry` loads, this does the work and nothing else.
 */
export function inSpan<T>(
  what: SpanName | EdgeSpan,
  attributes: Attributes,
  work: (span: OpenSpan) => Promise<T>,
): Promise<T> {
  const { name, kind } = typeof what === 'string' ? { name: what, kind: undefined } : what;
  const { parent, links } = whereToBegin();
  const options = {
    kind: kind ? KINDS[kind] : SpanKind.INTERNAL,
    attributes: allowed(attributes),
    links,
  };
  const span = trace.getTracer(SCOPE).startSpan(name, options, parent);
  const open = new OpenSpan(span);
  return span.spanContext().traceId === INVALID_TRACEID
    ? work(open)
    : carryOut(open, trace.setSpan(parent, span), work);
}

async function carryOut<T>(
  open: OpenSpan,
  inside: Context,
  work: (span: OpenSpan) => Promise<T>,
): Promise<T> {
  try {
    return await context.with(withOpen(inside, open), () => work(open));
  } catch (error) {
    open.fail(codeOf(error));
    throw error;
  } finally {
    open.end();
  }
}

/**
 * What begins after the span around it is over, as the end of a runtime that was idle, begins a trace of
 * its own, which points at that span.
 */
function whereToBegin(): { parent: Context; links: Link[] } {
  const around = innermost();
  if (!around || around.isOpen) return { parent: context.active(), links: [] };
  return { parent: ROOT_CONTEXT, links: [{ context: around.at }] };
}

/** Does work in a trace that began elsewhere; without a position, where it is. */
export function continued<T>(from: MaybeTracePosition | undefined, work: () => T): T {
  if (from?.traceparent === undefined) return work();
  return context.with(propagation.extract(ROOT_CONTEXT, from), work);
}

/** Does work that belongs to no trace of whoever happens to begin it. */
export function detached<T>(work: () => T): T {
  return context.with(ROOT_CONTEXT, work);
}

/** Where the trace is now, for another process; undefined outside of any span. */
export function tracePosition(): TracePosition | undefined {
  if (!innermost()?.isOpen) return undefined;
  const told: Partial<TracePosition> = {};
  propagation.inject(context.active(), told);
  const { traceparent, tracestate } = told;
  return traceparent === undefined ? undefined : { traceparent, tracestate };
}

/** The ids that a log line has in a span. https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
export function spanIds(): { trace_id?: string; span_id?: string } {
  const around = innermost();
  if (!around?.isOpen) return {};
  const { traceId, spanId } = around.at;
  return { trace_id: traceId, span_id: spanId };
}
