import { Gauge, type Registry } from 'prom-client';

/** Adds a gauge that is read at each scrape; it is left out while there is nothing to tell. */
export function showGauge(
  registers: Registry[],
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
