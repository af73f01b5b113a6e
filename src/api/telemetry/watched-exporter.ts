import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';

/** Logs once that spans cannot be sent, and once that they can again, however many batches that are. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #log: Logger;
  #isFailing = false;

  constructor(exporter: SpanExporter, log: Logger) {
    this.#exporter = exporter;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#note(result);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** Of an error only its message: it may also hold what the collector answered. */
  #note({ code, error }: ExportResult): void {
    const isFailed = code !== ExportResultCode.SUCCESS;
    if (isFailed === this.#isFailing) return;
    this.#isFailing = isFailed;
    if (!isFailed) this.#log.info('traces are sent again');
    else this.#log.warn({ reason: error?.message }, 'traces cannot be sent, and are dropped');
  }
}
