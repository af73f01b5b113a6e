import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  LIVE_PROTOCOL,
  TOKEN_PREFIX,
  type ViewerMessage,
} from '../../src/runtime-manager/live/messages.ts';
import { RUNTIMES, type BenchService, type Runtime } from '../suite/service.ts';

const SEQ_AT = 8;

/** A viewer without a page. */
export interface RawViewer extends Disposable {
  /** How many pictures it has got. */
  readonly pictures: number;
  /** Milliseconds from the open websocket to the first picture. */
  readonly first: Promise<number>;
  say: (message: ViewerMessage) => void;
}

/** The address of a runtime's live view. */
export async function embed({ call }: BenchService, { alias }: Runtime) {
  const path = `${RUNTIMES}/${alias}/embed/live`;
  const { json, text } = await call('POST', path, { interactive: true });
  if (typeof json.iframeUrl !== 'string') throw new Error(text);
  return json as { iframeUrl: string; token: string };
}

/** `draws`: whether it says that it has drawn each picture. */
export async function openViewer(
  { iframeUrl, token }: { iframeUrl: string; token: string },
  draws = true,
): Promise<RawViewer> {
  const { origin, pathname } = new URL(iframeUrl);
  const address = `${origin.replace('http', 'ws')}${pathname}/ws`;
  const socket = new WebSocket(address, [LIVE_PROTOCOL, TOKEN_PREFIX + token]);
  const say = (message: ViewerMessage) => socket.send(JSON.stringify(message));
  const first = Promise.withResolvers<number>();
  let pictures = 0;
  let opened = 0;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return;
    if (pictures === 0) first.resolve(performance.now() - opened);
    pictures++;
    if (draws) say({ t: 'ack', seq: data.readUInt32LE(SEQ_AT) });
  });
  await once(socket, 'open');
  opened = performance.now();
  return {
    get pictures() {
      return pictures;
    },
    first: first.promise,
    say,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
