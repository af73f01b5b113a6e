/** The stages of bringing a runtime up; `browser` is getting one, which was ready or is launched. */
type Stage = 'queue' | 'proxy' | 'browser' | 'store';

/** Counts and times what the core does. */
export interface RuntimeMetrics {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** Counts a runtime that failed, by the code of its failure. */
  failed(code: string): void;
}
