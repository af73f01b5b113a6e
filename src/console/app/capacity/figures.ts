import { signal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import type { CapacityHistory, CapacitySample, ServiceNode, ServiceNodes } from '../contract.ts';

/** As often as the service takes a sample. */
const POLL_MS = 10_000;
const SAMPLES_MAX = 720;

/** How much room there is, and was in the last hour. */
export class Figures {
  readonly now = signal<CapacitySample | undefined>(undefined);
  readonly samples = signal<CapacitySample[]>([]);
  readonly nodes = signal<ServiceNode[]>([]);
  readonly error = signal('');
  readonly #polling: ReturnType<typeof setInterval>;

  constructor() {
    this.#polling = setInterval(() => {
      if (!document.hidden) void this.load();
    }, POLL_MS);
    void this.load();
  }

  close(): void {
    clearInterval(this.#polling);
  }

  async load(): Promise<void> {
    const last = this.samples.value.at(-1)?.at;
    const query = last === undefined ? '' : `?since=${encodeURIComponent(last)}`;
    try {
      const [history, { nodes }] = await Promise.all([
        call<CapacityHistory>('GET', `/v1/capacity${query}`),
        call<ServiceNodes>('GET', '/v1/nodes'),
      ]);
      this.now.value = history.now;
      this.samples.value = [...this.samples.value, ...history.samples].slice(-SAMPLES_MAX);
      this.nodes.value = nodes;
      this.error.value = '';
    } catch (error) {
      this.error.value = sentenceOf(error);
    }
  }
}
