import { once } from 'node:events';
import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { pino } from 'pino';
import type { ApiEnv } from '../../src/api/http/api-env.ts';
import { toErrorAnswer } from '../../src/api/http/errors.ts';
import { recordingPageRoutes } from '../../src/api/routes/recording-page.ts';
import type {
  ManifestMark,
  ManifestPart,
  RecordingManifest,
} from '../../src/runtime-manager/recording/manifest.ts';

const log = pino({ level: 'silent' });

/** A part without what follows from the others, and with its video. */
export type GivenPart = Pick<ManifestPart, 'tabId' | 'startMs' | 'endMs'> & { video: Buffer };
export type GivenMark = Partial<ManifestMark> & Pick<ManifestMark, 'atMs' | 'type'>;

type Facts = Omit<RecordingManifest, 'parts' | 'marks' | 'next'>;

/** A recording, as a test tells what is known of it. */
export class FakeRecording {
  facts: Facts = {
    id: 'recording-1',
    alias: 'shop-agent',
    status: 'ready',
    isRunning: false,
    startedAt: '2026-11-30T09:30:00Z',
    durationMs: 0,
    tabs: [],
  };
  /** The status of the answers, when it is another than 200. */
  answers: number | undefined;
  /** What came as `after`, in order; undefined: all was asked for. */
  readonly asked: (string | undefined)[] = [];
  /** Queries with which parts were asked for. */
  readonly loaded: URLSearchParams[] = [];
  /** How often a conversion is not done yet. */
  conversions = 0;
  /** Of the addresses of parts: those of another one are refused. */
  generation = 0;
  #parts: ManifestPart[] = [];
  readonly #videos = new Map<string, Buffer>();
  #marks: ManifestMark[] = [];
  #lastId = 0;

  /** Adds what was recorded since. */
  add({ parts = [], marks = [] }: { parts?: GivenPart[]; marks?: GivenMark[] }): this {
    for (const { video, ...part } of parts) {
      const id = String(++this.#lastId);
      const size = { width: 640, height: 360, sizeBytes: video.length };
      this.#parts.push({ id, url: '', ...size, ...part });
      this.#videos.set(id, video);
    }
    for (const mark of marks) {
      this.#marks.push({ id: String(++this.#lastId), tabId: null, data: {}, ...mark });
    }
    const ends = this.#parts.map(({ endMs }) => endMs);
    this.facts.durationMs = Math.max(this.facts.durationMs, ...ends);
    return this;
  }

  /** Replaces all parts, as when they were joined. */
  join(parts: GivenPart[]): void {
    this.#parts = [];
    this.facts = { ...this.facts, status: 'ready', isRunning: false };
    this.add({ parts });
  }

  manifest(after: string | undefined): RecordingManifest {
    this.asked.push(after);
    const isNew = ({ id }: { id: string }) => Number(id) > Number(after ?? 0);
    const parts = this.#parts.filter(isNew).map((part) => ({
      ...part,
      url: `parts/${part.id}?generation=${this.generation}`,
    }));
    return { ...this.facts, parts, marks: this.#marks.filter(isNew), next: String(this.#lastId) };
  }

  part(id: string, query: URLSearchParams): Response {
    this.loaded.push(query);
    const video = this.#videos.get(id);
    if (!video || query.get('generation') !== String(this.generation)) {
      return new Response(null, { status: 403 });
    }
    if (query.has('codec') && this.conversions-- > 0) {
      return new Response(null, { status: 202, headers: { 'retry-after': '1' } });
    }
    return new Response(new Uint8Array(video), { headers: { 'content-type': 'video/mp4' } });
  }
}

const TABS = [
  { id: 'a', title: 'First page', url: 'https://example.com/last' },
  { id: 'b', title: 'Second page', url: 'https://example.com/second' },
];

interface Given {
  parts?: GivenPart[];
  marks?: GivenMark[];
  facts?: Partial<Facts>;
}

/** A recording of two tabs, `a` and `b`. */
export function recordingOf({ parts = [], marks = [], facts }: Given): FakeRecording {
  const recording = new FakeRecording();
  recording.facts = { ...recording.facts, tabs: TABS, ...facts };
  return recording.add({ parts, marks });
}

/** Serves the player's page, and recordings by their tokens. */
export interface RecordingPeer extends AsyncDisposable {
  origin: string;
  /** The address of the page, without a token. */
  page: string;
  recordings: Map<string, FakeRecording>;
}

export async function openRecordingPeer(prefix = ''): Promise<RecordingPeer> {
  const recordings = new Map<string, FakeRecording>();
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set('log', log);
    await next();
  });
  app.onError((error, c) => {
    const { status, body } = toErrorAnswer(error, 'test', log);
    return c.json(body, status);
  });
  app.route(prefix || '/', recordingPageRoutes({ frameAncestors: '*' }));
  const path = `${prefix}/embed/recording`;
  app.get(`${path}/:id/manifest`, (c) => {
    const [, token = ''] = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '') ?? [];
    const recording = recordings.get(token);
    if (!recording) return new Response(null, { status: 401 });
    if (recording.answers !== undefined) return new Response(null, { status: recording.answers });
    return c.json(recording.manifest(c.req.query('after')));
  });
  app.get(`${path}/:id/parts/:part`, async (c) => {
    // The id of the page is the token here: parts are asked for without one.
    const query = new URL(c.req.url).searchParams;
    const whole = recordings.get(c.req.param('id'))?.part(c.req.param('part'), query);
    return whole?.status === 200 ? ranged(whole, c.req.header('range')) : (whole ?? c.notFound());
  });
  const server = createAdaptorServer({ fetch: app.fetch });
  if (!(server instanceof Server)) throw new Error('the adaptor made no HTTP/1 server');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    page: `${origin}${path}`,
    recordings,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The bytes that are asked for, as the service answers it. */
async function ranged(whole: Response, range: string | undefined): Promise<Response> {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) return whole;
  const content = await whole.arrayBuffer();
  const end = Math.min(to ? Number(to) + 1 : Infinity, content.byteLength);
  return new Response(content.slice(Number(from), end), {
    status: 206,
    headers: {
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'content-range': `bytes ${from}-${end - 1}/${content.byteLength}`,
    },
  });
}
