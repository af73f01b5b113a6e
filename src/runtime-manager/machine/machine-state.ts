/** Of a machine's memory, in bytes. */
export interface MemoryState {
  /** What could still be used. */
  freeBytes: number;
  /** What is to stay free. */
  floorBytes: number;
  /** What all browsers use, as last measured. */
  browserBytes: number;
}

/** The launches of browsers in the last minute, for a request or ahead of one. */
export interface LaunchRates {
  perMinute: number;
  failedPerMinute: number;
  /** How long those took that succeeded; 0 when there were none. */
  p50Ms: number;
  p95Ms: number;
}

/** How a machine fares. */
export interface MachineState {
  /** How many browsers are being launched. */
  launching: number;
  memory: MemoryState;
  launches: LaunchRates;
}
