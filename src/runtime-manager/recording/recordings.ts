import { RuntimeError } from '../errors.ts';
import { maySee, type Actor } from '../runtime/actor.ts';
import type { Page, PageRequest, Runtime } from '../runtime/runtime.ts';
import type { RecordingManifest } from './manifest.ts';
import type { Converter } from './converter.ts';
import {
  recordingStatus,
  type Recording,
  type RecordingMark,
  type RecordingPart,
  type RecordingTab,
  type StoredVideo,
  type VariantFailure,
} from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

const BATCH = 1000;
const CURSOR = /^(\d+)\.(\d+)$/;

/** The whole of a recording, or what came after something: but always all tabs. */
export interface RecordingContent {
  tabs: RecordingTab[];
  parts: RecordingPart[];
  marks: RecordingMark[];
  /** What `after` is next. */
  next: string;
}

/** What customers do with recordings. Methods throw `recording.not_found` for what does not exist for the actor. */
export class Recordings {
  readonly #store: RecordingStore;
  readonly #converter: Pick<Converter, 'soon'> | undefined;

  /** Without a converter, other processes find out by themselves that there is something to convert. */
  constructor(store: RecordingStore, converter?: Pick<Converter, 'soon'>) {
    this.#store = store;
    this.#converter = converter;
  }

  async get(actor: Actor, recordingId: string): Promise<Recording> {
    const found = await this.#store.find(actor.organizationId, recordingId);
    if (found && maySee(actor, found.workspaceId)) return found;
    throw notFound();
  }

  /** The recording of the last life of a runtime that has one, which the actor may see. */
  async of(runtime: Runtime): Promise<Recording> {
    const found = await this.#store.findOf(runtime);
    if (found) return found;
    throw new RuntimeError(
      'recording.not_found',
      'This runtime has no recording: it was not created or started with `recording`.',
    );
  }

  /** Newest first. */
  list(actor: Actor, page: PageRequest): Promise<Page<Recording>> {
    return this.#store.list(actor.organizationId, actor.workspaceIds, page);
  }

  /** Throws `recording.active` while it is being recorded. */
  async delete(actor: Actor, recordingId: string): Promise<Recording> {
    const recording = await this.get(actor, recordingId);
    if (await this.#store.remove(actor.organizationId, recordingId)) return recording;
    throw new RuntimeError(
      'recording.active',
      'The recording has not ended: stop the runtime first.',
    );
  }

  /** Whatever came after `after`, which an earlier content told; all of it without one. */
  async content({ id }: Recording, after = '0.0'): Promise<RecordingContent> {
    const [, part = '0', mark = '0'] = CURSOR.exec(after) ?? [];
    const [tabs, parts, marks] = await Promise.all([
      this.#store.listTabs(id),
      all(part, (following) => this.#store.listParts(id, following)),
      all(mark, (following) => this.#store.listMarks(id, following)),
    ]);
    const next = `${parts.at(-1)?.id ?? part}.${marks.at(-1)?.id ?? mark}`;
    return { tabs, parts, marks, next };
  }

  /** In the order in which they were opened. */
  tabs({ id }: Recording): Promise<RecordingTab[]> {
    return this.#store.listTabs(id);
  }

  parts({ id }: Recording): Promise<RecordingPart[]> {
    return all('0', (following) => this.#store.listParts(id, following));
  }

  marks({ id }: Recording, following: { after: string; limit: number }): Promise<RecordingMark[]> {
    return this.#store.listMarks(id, following);
  }

  /** Throws `recording.not_found`. */
  async part({ id }: Recording, partId: string): Promise<RecordingPart> {
    const part = await this.#store.findPart(id, partId);
    if (part) return part;
    throw noSuchVideo();
  }

  /**
   * A part as H.264; undefined: it is being made. Throws `recording.not_found`,
   * `recording.codec_unavailable` or `recording.conversion_failed`.
   */
  async h264({ id }: RecordingPart): Promise<StoredVideo | undefined> {
    const variant = await this.#store.requestVariant(id);
    if (!variant) throw noSuchVideo();
    const { video, failure } = variant;
    if (failure) throw notConverted(failure);
    if (!video) this.#converter?.soon();
    return video;
  }

  /** The whole video of a tab. Throws `recording.not_ready`, `recording.expired` or `recording.not_found`. */
  async video(recording: Recording, tabId: string): Promise<RecordingPart> {
    if (recording.state === 'expired') throw expired();
    const parts = await this.parts(recording);
    const ofTab = parts.filter((part) => part.tabId === tabId);
    const [video] = ofTab;
    if (recording.state === 'ready' && ofTab.length === 1 && video) return video;
    if (recording.state === 'ready' && !video) {
      throw new RuntimeError('recording.not_found', 'The recording has no such tab.');
    }
    throw new RuntimeError(
      'recording.not_ready',
      recording.state === 'recording'
        ? 'The videos of a recording are joined after its runtime has ended.'
        : 'The videos of the recording are being joined.',
    );
  }
}

/** What the player is told; `urlOf` makes the address of a part by its id. */
export function toManifest(
  recording: Recording,
  { tabs, parts, marks, next }: RecordingContent,
  urlOf: (partId: string) => string,
): RecordingManifest {
  const { id, alias, state, startedAt } = recording;
  return {
    id,
    alias,
    status: recordingStatus(recording),
    isRunning: state === 'recording',
    startedAt: startedAt.toISOString(),
    durationMs: durationMsOf(recording),
    tabs,
    parts: parts
      .toSorted((a, b) => a.tabId.localeCompare(b.tabId) || a.startMs - b.startMs)
      .map(({ key: _key, ...part }) => ({ ...part, url: urlOf(part.id) })),
    marks: marks
      .toSorted((a, b) => a.atMs - b.atMs)
      .map((mark) => ({ ...mark, tabId: mark.tabId ?? null })),
    next,
  };
}

/** Up to where there is something of it: its whole time once it has ended. */
export function durationMsOf({ startedAt, endedAt, recordedMs }: Recording): number {
  return endedAt ? endedAt.getTime() - startedAt.getTime() : recordedMs;
}

async function all<T extends { id: string }>(
  after: string,
  list: (following: { after: string; limit: number }) => Promise<T[]>,
): Promise<T[]> {
  const found: T[] = [];
  for (let last = after, isEnd = false; !isEnd;) {
    const some = await list({ after: last, limit: BATCH });
    found.push(...some);
    last = some.at(-1)?.id ?? last;
    isEnd = some.length < BATCH;
  }
  return found;
}

function notFound(): RuntimeError {
  return new RuntimeError('recording.not_found', 'There is no such recording.');
}

function noSuchVideo(): RuntimeError {
  return new RuntimeError('recording.not_found', 'The recording has no such video.');
}

function notConverted(failure: VariantFailure): RuntimeError {
  return failure === 'unsupported'
    ? new RuntimeError(
        'recording.codec_unavailable',
        'The Chromium of this service does not encode H.264.',
      )
    : new RuntimeError('recording.conversion_failed', 'The video could not be converted to H.264.');
}

function expired(): RuntimeError {
  return new RuntimeError(
    'recording.expired',
    'The recording has expired: its videos were deleted.',
  );
}
