import { expect } from 'vitest';
import { z } from 'zod';

const Event = z.looseObject({ id: z.string(), type: z.string(), runtimeId: z.string() });

interface Followed {
  path: string;
  /** The id of the last known event, as a client sends it when it reconnects. */
  after?: string | undefined;
  /** The type of the last event that is waited for. */
  until: string;
  apiKey?: string;
}

/** Follows a stream of Server-Sent Events until one of a type has come, and hangs up. */
export async function followEvents(
  service: { url: string; apiKey: string },
  { path, after, until, apiKey = service.apiKey }: Followed,
) {
  const hangUp = new AbortController();
  const response = await fetch(service.url + path, {
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(after !== undefined && { 'last-event-id': after }),
    },
    signal: hangUp.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes(`event: ${until}`) && text.endsWith('\n\n')) break;
  }
  hangUp.abort();
  const events = [...text.matchAll(/event: (\S+)\ndata: (.*)\nid: (\d+)/g)].map(
    ([, type, data, id]) => {
      const event = Event.parse(JSON.parse(data ?? ''));
      expect(event).toMatchObject({ id, type });
      return event;
    },
  );
  return { events, start: /^id: (\d+)\n\n/.exec(text)?.[1] };
}

/** A stream of Server-Sent Events that stays open. */
export class EventStream implements Disposable {
  readonly #hangUp: AbortController;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #text = '';

  private constructor(response: Response, hangUp: AbortController) {
    this.#hangUp = hangUp;
    if (!response.body) throw new Error('there is no stream');
    this.#chunks = response.body[Symbol.asyncIterator]();
  }

  static async open(service: { url: string; apiKey: string }, path: string): Promise<EventStream> {
    const hangUp = new AbortController();
    const headers = { authorization: `Bearer ${service.apiKey}` };
    const response = await fetch(service.url + path, { headers, signal: hangUp.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    return new EventStream(response, hangUp);
  }

  /** Resolves once an event of the type has come that tells a text. */
  async tells(type: string, text: string): Promise<void> {
    const isTold = () =>
      this.#text
        .split('\n\n')
        .some((one) => one.includes(`event: ${type}\n`) && one.includes(text));
    while (!isTold()) {
      const { value, done } = await this.#chunks.next();
      if (done === true) throw new Error(`the stream ended: ${this.#text}`);
      this.#text += Buffer.from(value).toString();
    }
  }

  [Symbol.dispose](): void {
    this.#hangUp.abort();
  }
}
