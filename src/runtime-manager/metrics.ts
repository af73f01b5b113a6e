/** The stages of bringing a runtime up; `browser`: getting one, that was ready or is launched. */
type Stage = 'queue' | 'proxy' | 'browser' | 'store';

/** Counts and times what the core does. */
export interface RuntimeMetrics {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** A runtime that failed, by the code of its failure. */
  failed(code: string): void;
}
