import { signal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';

/** As often as the service takes a sample. */
const POLL_MS = 10_000;
const SAMPLES_MAX = 720;

// The schemas of these bring the whole core with them, which needs Node's types.

export interface Capacity {
  slots: number;
  active: number;
  free: number;
  pool: { warm: number; launching: number };
  queue: { length: number; oldestSeconds: number };
  memory: { freeBytes: number; floorBytes: number; browserBytes: number };
  launches: { perMinute: number; failedPerMinute: number; p50Ms: number; p95Ms: number };
}

export interface Sample {
  at: string;
  total: Capacity;
  nodes: { nodeId: string; capacity: Capacity }[];
}

export interface ServiceNode {
  id: string;
  role: string;
  state: string;
  build: string;
  startedAt: string;
  membership?: { address?: string; leaseLeftMs: number };
}

interface History {
  now: Sample;
  samples: Sample[];
}

/** How much room there is, and was in the last hour. */
export class Figures {
  readonly now = signal<Sample | undefined>(undefined);
  readonly samples = signal<Sample[]>([]);
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
        call<History>('GET', `/v1/capacity${query}`),
        call<{ nodes: ServiceNode[] }>('GET', '/v1/nodes'),
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
