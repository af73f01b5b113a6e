import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import { BctrlError } from './bctrl-error.ts';

export interface Message {
  id: string | undefined;
  data: string | undefined;
}

type Open = (lastId: string | undefined) => Promise<ReadableStream<Uint8Array>>;

/**
 * Follows Server-Sent Events. A connection that breaks is opened again after the last id that arrived,
 * so that no event is missed. Ends with the signal. Throws the `BctrlError` that the service refuses with.
 */
export async function* followMessages(open: Open, signal: AbortSignal): AsyncGenerator<string> {
  let lastId: string | undefined;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for await (const { id, data } of readMessages(await open(lastId))) {
        failures = 0;
        lastId = id ?? lastId;
        if (data !== undefined) yield data;
      }
    } catch (error) {
      if (error instanceof BctrlError && error.status !== 0) throw error;
    }
    await delay(backoffMs(failures), undefined, { signal }).catch(() => undefined);
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks.map(toMessage);
  }
}

function toMessage(block: string): Message {
  const valuesOf = (field: string) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${field}: `))
      .map((line) => line.slice(field.length + 2));
  const data = valuesOf('data');
  return { id: valuesOf('id').at(-1), data: data.length > 0 ? data.join('\n') : undefined };
}
