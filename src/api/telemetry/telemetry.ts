import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { TracingConfig } from '../config/settings/tracing.ts';
import { samplerOf } from './sampler.ts';
import { WatchedExporter } from './watched-exporter.ts';

/** How long the end of the service waits for what is not sent yet. */
const FLUSH_MS = 2000;
const SERVICE_NAME = 'bctrl';
/** Longer than anything that spans tell. */
const VALUE_MAX_LENGTH = 300;

export interface TelemetryOptions extends TracingConfig {
  nodeId: string;
  /** Of the service. */
  version: string;
  log: Logger;
}

/**
 * Has this process send the spans that `runtime-manager/tracing` makes, in batches. What waits to be sent
 * is bounded, and what does not fit is dropped, so no request ever waits for a collector. Of a process
 * there is one at a time.
 */
export class Telemetry implements AsyncDisposable {
  readonly #provider: TracerProvider;

  private constructor(provider: TracerProvider) {
    this.#provider = provider;
  }

  static open(options: TelemetryOptions): Telemetry {
    const { url, headers, log } = options;
    const exporter = new WatchedExporter(new OTLPTraceExporter({ url, headers }), log);
    const provider = new TracerProvider({
      resource: resourceOf(options),
      sampler: samplerOf(options),
      spanLimits: { attributeValueLengthLimit: VALUE_MAX_LENGTH },
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    });
    if (!trace.setGlobalTracerProvider(provider)) throw new Error('this process is traced already');
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    return new Telemetry(provider);
  }

  /** Sends what is left, if that goes quickly. */
  async [Symbol.asyncDispose](): Promise<void> {
    const sent = new AbortController();
    const late = delay(FLUSH_MS, undefined, { signal: sent.signal });
    // The exporter has logged why something could not be sent.
    await Promise.race([this.#provider.shutdown(), late]).catch(() => undefined);
    sent.abort();
    late.catch(() => undefined);
    trace.disable();
    context.disable();
    propagation.disable();
  }
}

/** https://opentelemetry.io/docs/specs/semconv/resource/service/ */
function resourceOf(options: TelemetryOptions): Resource {
  const { nodeId, version, serviceName, resourceAttributes } = options;
  const named = serviceName === undefined ? {} : { 'service.name': serviceName };
  return defaultResource().merge(
    resourceFromAttributes({
      'service.name': SERVICE_NAME,
      'service.version': version,
      'service.instance.id': nodeId,
      ...resourceAttributes,
      ...named,
    }),
  );
}
