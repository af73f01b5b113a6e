/** The parts of bringing a runtime up that are measured apart. */
type Stage = 'queue' | 'proxy' | 'launch' | 'store';

/** Who counts and times what the core does. */
export interface RuntimeMeter {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** A runtime that failed, by the code of its failure. */
  failed(code: string): void;
}
