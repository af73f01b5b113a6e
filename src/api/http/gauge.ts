import { Gauge, type OpenMetricsContentType, type Registry } from 'prom-client';

/** Where metrics are; what may have exemplars is in OpenMetrics only. */
export type Registers = Registry<OpenMetricsContentType>[];

/** Adds a gauge that is read at each scrape; it is left out while there is nothing to tell. */
export function showGauge(
  registers: Registers,
  name: string,
  { help, read }: { help: string; read: () => number | Promise<number | undefined> },
): void {
  new Gauge({
    name,
    help,
    registers,
    async collect() {
      const value = await read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
