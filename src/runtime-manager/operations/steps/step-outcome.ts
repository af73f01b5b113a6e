import type { BindingType } from '../calls/kinds.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface StepLog {
  level: string;
  text: string;
  /** The page that it is from. */
  url: string;
}

export interface StepBinding {
  alias: string;
  id: string;
  type: BindingType;
}

export interface StepFile {
  /** A path among the files of the runtime where the step names one, else the name of a file. */
  name: string;
  contentType: string;
  content: Buffer;
}

/** What a step leads to. */
export interface StepOutcome {
  value?: Json;
  binding?: StepBinding;
  file?: StepFile;
  /** Only where they are asked for. */
  logs?: StepLog[];
  dryRun?: true;
}
