import type { Page, PageRequest, RuntimeLife } from '../runtime/runtime.ts';
import type {
  ClaimedVariant,
  NewRecording,
  NewRecordingMark,
  NewRecordingPart,
  Recording,
  RecordingMark,
  RecordingPart,
  RecordingTab,
  RecordingVariant,
  StoredVideo,
  VariantFailure,
} from './recording.ts';

/** A batch of what is of a recording: up to `limit` after an id. */
export interface Following {
  after: string;
  limit: number;
}

/** What recordings need of a database. Rows of other organizations do not exist for a customer. */
export interface RecordingStore {
  /** Throws when the runtime's record is gone. */
  begin(recording: NewRecording): Promise<void>;
  /** Resolves with false when nobody keeps the recording any more: then the object is nobody's. */
  addPart(recordingId: string, part: NewRecordingPart): Promise<boolean>;
  addMarks(recordingId: string, marks: readonly NewRecordingMark[]): Promise<void>;
  /** It is `encoding` then, unless it is over already. */
  end(recordingId: string, endedAt: Date): Promise<void>;
  /** Those that a process is recording, or was when it ended. */
  listHeld(nodeId: string): Promise<Recording[]>;
  /**
   * Ends recordings whose process is lost: that life of the runtime is over for longer than `graceMs`.
   * Cost: that of the recordings that are under way.
   */
  endAbandoned(graceMs: number): Promise<number>;
  /**
   * Takes a recording that is to be joined, the one that ended first, for so long; undefined: there
   * is none.
   */
  claim(forMs: number): Promise<{ recording: Recording; attempts: number } | undefined>;
  /** Has others take it so much later, as long as it is `encoding`. */
  hold(recordingId: string, forMs: number): Promise<void>;
  /**
   * Puts joined videos in the place of parts, by their ids; it is `ready` then. Resolves with the keys
   * of objects that nothing names: those of what was replaced, or of `joined` when somebody else was
   * faster.
   */
  finish(
    recordingId: string,
    joined: readonly NewRecordingPart[],
    replaced: readonly string[],
  ): Promise<string[]>;

  find(organizationId: string, recordingId: string): Promise<Recording | undefined>;
  /** The recording of the last life of a runtime that has one. */
  findOf(runtime: Pick<RuntimeLife, 'organizationId' | 'id'>): Promise<Recording | undefined>;
  /** Newest first, of some workspaces or of all. */
  list(
    organizationId: string,
    workspaceIds: readonly string[] | undefined,
    page: PageRequest,
  ): Promise<Page<Recording>>;
  listParts(recordingId: string, following: Following): Promise<RecordingPart[]>;
  findPart(recordingId: string, partId: string): Promise<RecordingPart | undefined>;
  /** In the order in which they were opened. Cost: that of the recording's marks. */
  listTabs(recordingId: string): Promise<RecordingTab[]>;
  listMarks(recordingId: string, following: Following): Promise<RecordingMark[]>;
  /** Nobody keeps it from now on. False: there is no such recording that is over. */
  remove(organizationId: string, recordingId: string): Promise<boolean>;

  /**
   * How a part is as H.264; it is wanted from now on. A failure is forgotten an hour after it was
   * asked for. Undefined: there is no such part.
   */
  requestVariant(partId: string): Promise<RecordingVariant | undefined>;
  /**
   * Takes the part that has been wanted as H.264 for longest, for so long; undefined: there is none.
   * Cost: that of what is wanted.
   */
  claimVariant(forMs: number): Promise<ClaimedVariant | undefined>;
  /** Has others take it so much later. */
  holdVariant(partId: string, forMs: number): Promise<void>;
  /** Has anybody take it, as if it had not been begun. */
  releaseVariant(partId: string): Promise<void>;
  /** False: somebody else was faster, or nobody keeps the part any more; then the object is nobody's. */
  finishVariant(partId: string, video: StoredVideo): Promise<boolean>;
  failVariant(partId: string, failure: VariantFailure): Promise<void>;

  /** Ends the time of recordings that ended so long ago. Cost: that of what expires. */
  expire(olderThanMs: number, limit: number): Promise<number>;
  /** Recordings whose content has to go. */
  listDoomed(limit: number): Promise<string[]>;
  /** The keys of what was made of parts. */
  listVariantKeys(partIds: readonly string[]): Promise<string[]>;
  /** Forgets parts whose objects are gone, and what was made of them. */
  forgetParts(recordingId: string, partIds: readonly string[]): Promise<void>;
  /** Nothing of it is in the storage any more; its record goes unless it has expired only. */
  forget(recordingId: string): Promise<void>;
}
