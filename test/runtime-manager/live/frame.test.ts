import { expect, test } from 'vitest';
import { readFrame } from '../../../src/runtime-manager/live/frame.ts';
import { packetOf } from '../../../src/runtime-manager/live/picture.ts';

const metadata = { deviceWidth: 800, deviceHeight: 600, timestamp: 1 };
const event = (data: string, params: object = { metadata, sessionId: 7 }) =>
  Buffer.from(
    JSON.stringify({
      method: 'Page.screencastFrame',
      params: { data, ...params },
      sessionId: 'S',
    }),
  );
const facts = { width: 800, height: 600, takenAtMs: 1, isSharp: false, turn: 1, seq: 1 };

test.for([0, 1, 2, 3, 4, 24_575, 24_576, 24_577, 200_000])(
  'a picture of %i bytes is the same when it is sent',
  (bytes) => {
    const image = Buffer.from(Array.from({ length: bytes }, (_, n) => (n * 7) % 256));
    const frame = readFrame(event(image.toString('base64')));
    expect(frame).toMatchObject({ sessionId: 7, metadata });
    const packet = packetOf(facts, frame?.data ?? Buffer.alloc(0));
    expect(packet.subarray(24).equals(image)).toBe(true);
  },
);

test('what is no frame is passed over', () => {
  const whole = event('AAAA');
  for (const message of [
    whole.subarray(0, 60),
    Buffer.from('{"method":"Page.screencastFrame"}'),
    event('AAA'),
    event('A"AA'),
    event('AA\\A'),
    event('AAAA', { metadata }),
    event('AAAA', { metadata: { ...metadata, deviceWidth: 1e9 }, sessionId: 7 }),
  ]) {
    expect(readFrame(message)).toBeUndefined();
  }
});
