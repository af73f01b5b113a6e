import { Histogram, type HistogramConfiguration } from 'prom-client';

/** What leads from a sample to its trace, such as `trace_id`; undefined where there is none. */
export type Exemplar = () => Record<string, string> | undefined;

export type Timing<Label extends string> = Pick<
  HistogramConfiguration<Label>,
  'name' | 'help' | 'labelNames' | 'buckets' | 'registers'
>;

/** A histogram of seconds, whose samples have exemplars where there are traces. */
export function createTiming<Label extends string>(timing: Timing<Label>, exemplar: Exemplar) {
  const histogram = new Histogram<string>({ ...timing, enableExemplars: true });
  const observe = (labels: Record<Label, string>, ms: number) =>
    histogram.observe({ labels, value: ms / 1000, exemplarLabels: exemplar() ?? {} });
  return {
    observe,
    /** Times some work, whether it succeeds or not. */
    time: async <T>(labels: Record<Label, string>, work: () => Promise<T>): Promise<T> => {
      const begunAt = performance.now();
      try {
        return await work();
      } finally {
        observe(labels, performance.now() - begunAt);
      }
    },
  };
}
