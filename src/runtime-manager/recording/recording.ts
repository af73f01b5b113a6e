/**
 * `recording`: its browser is up, or its end was not noticed yet. `encoding`: what was recorded is
 * being joined. `ready`: there is one video for each tab. `expired`: only the record is left.
 */
export const RECORDING_STATES = ['recording', 'encoding', 'ready', 'expired'] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

/** What customers are told: whether it still runs is said beside it. */
export type RecordingStatus = Exclude<RecordingState, 'recording'>;

export function recordingStatus({ state }: Pick<Recording, 'state'>): RecordingStatus {
  return state === 'recording' ? 'encoding' : state;
}

/** What is recorded of a runtime, beside its tabs. */
export interface RecordingOptions {
  /** Whether nothing is recorded while a person drives. */
  pauseWhileHumanDrives: boolean;
  /** Whether the index has the query strings and fragments of addresses. */
  keepQueries: boolean;
  /** Whether the index has console errors and failed requests, for which pages are observed. */
  diagnostics: boolean;
}

/** What is recorded where nobody says more. */
export const PLAIN_RECORDING: RecordingOptions = {
  pauseWhileHumanDrives: false,
  keepQueries: false,
  diagnostics: false,
};

/** The recording of one life of a runtime. */
export interface Recording {
  id: string;
  organizationId: string;
  workspaceId: string;
  runtimeId: string;
  alias: string;
  generation: number;
  /** The process that records, while it does. */
  nodeId: string;
  state: RecordingState;
  options: RecordingOptions;
  startedAt: Date;
  /** Undefined while it is `recording`. */
  endedAt: Date | undefined;
  /** Of all its videos. */
  sizeBytes: number;
  /** When its last part ends, in ms since it began. */
  recordedMs: number;
}

/** What a recorder begins with. */
export type NewRecording = Omit<Recording, 'state' | 'endedAt' | 'sizeBytes' | 'recordedMs'>;

/** A piece of video of one tab, as an object in the storage. Times are ms since the recording began. */
export interface RecordingPart {
  /** Grows with each part; a decimal number as text. */
  id: string;
  tabId: string;
  startMs: number;
  /** Its last picture lasts until then, whatever the file says. */
  endMs: number;
  width: number;
  height: number;
  sizeBytes: number;
  key: string;
}
export type NewRecordingPart = Omit<RecordingPart, 'id'>;

/** `unsupported`: the Chromium that was to make it has no encoder. */
export const VARIANT_FAILURES = ['unsupported', 'failed'] as const;
export type VariantFailure = (typeof VARIANT_FAILURES)[number];

/** A video as an object in the storage. */
export type StoredVideo = Pick<RecordingPart, 'key' | 'sizeBytes'>;

/** A part as H.264, for players that cannot decode AV1. Without video and failure it is to be made yet. */
export interface RecordingVariant {
  video: StoredVideo | undefined;
  failure: VariantFailure | undefined;
}

/** A part that a process makes H.264 of. */
export interface ClaimedVariant {
  recordingId: string;
  part: Pick<RecordingPart, 'id' | 'key'>;
  /** How often that was begun, with this time. */
  attempts: number;
}

/** A tab of a recording, with its last address and title. */
export interface RecordingTab {
  /** The CDP targetId. */
  id: string;
  title: string;
  url: string;
}

/** Something that happened, at a time of the recording: a type of the recorder's own, such as `tab.opened`, or an event of the runtime. */
export interface RecordingMark {
  /** Grows with each mark; a decimal number as text. */
  id: string;
  /** ms since the recording began. */
  atMs: number;
  type: string;
  /** The CDP targetId of the tab that it is about. */
  tabId: string | undefined;
  data: Record<string, unknown>;
}
export type NewRecordingMark = Omit<RecordingMark, 'id'>;
