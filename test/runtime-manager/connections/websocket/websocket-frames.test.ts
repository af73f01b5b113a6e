import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  ClientMessageReader,
  type ClientMessage,
} from '../../../../src/runtime-manager/connections/websocket/client-message-reader.ts';
import { FrameBoundaries } from '../../../../src/runtime-manager/connections/websocket/frame-boundaries.ts';
import { FrameSieve } from '../../../../src/runtime-manager/connections/cdp/frame-sieve.ts';
import {
  clientTextFrame,
  closeFrame,
  OPCODE,
  serverFrame,
} from '../../../../src/runtime-manager/connections/websocket/websocket-frames.ts';

function masked(opcode: number, payload: Buffer, final = true): Buffer {
  const plain = clientTextFrame(payload);
  const headerBytes = plain.length - payload.length;
  const mask = randomBytes(4);
  const frame = Buffer.from(plain);
  frame[0] = (final ? 0x80 : 0) | opcode;
  mask.copy(frame, headerBytes - 4);
  for (let at = 0; at < payload.length; at++) {
    frame[headerBytes + at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  }
  return frame;
}

const text = (words: string) => Buffer.from(words);

function readAll(chunks: Buffer[], maxBytes = 1e6): ClientMessage[] {
  const reader = new ClientMessageReader(maxBytes);
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
}

function sliced(bytes: Buffer, size: number): Buffer[] {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

test.for([0, 1, 125, 126, 127, 65_535, 65_536, 200_001])(
  'a message of %i bytes is read, however it is cut',
  (length) => {
    const payload = randomBytes(length);
    const frame = masked(OPCODE.text, payload);
    for (const size of [1, 2, 7, 1000, frame.length].filter((one) => frame.length / one < 5000)) {
      const [message, ...more] = readAll(sliced(frame, size));
      expect(more).toEqual([]);
      expect(message?.payload.equals(payload)).toBe(true);
      expect(message?.raw.equals(frame)).toBe(true);
    }
  },
);

test('fragments are one message, with control frames between them', () => {
  const frames = [
    masked(OPCODE.text, Buffer.from('one '), false),
    masked(OPCODE.ping, Buffer.from('p')),
    masked(OPCODE.continuation, Buffer.from('two'), true),
    masked(OPCODE.text, Buffer.from('three')),
  ];
  const messages = readAll([Buffer.concat(frames)]);
  expect(messages.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
    [OPCODE.ping, 'p'],
    [OPCODE.text, 'one two'],
    [OPCODE.text, 'three'],
  ]);
});

test.for<[string, Buffer[], number]>([
  ['without a mask', [serverFrame(OPCODE.text, Buffer.from('x'))], 1002],
  ['with a continuation of nothing', [masked(OPCODE.continuation, Buffer.from('x'))], 1002],
  ['with reserved bits', [Buffer.from([0xc1, 0x80, 0, 0, 0, 0])], 1002],
  ['too large, by its header alone', [masked(OPCODE.text, Buffer.alloc(101)).subarray(0, 8)], 1009],
  [
    'too large, in fragments',
    [masked(OPCODE.text, Buffer.alloc(60), false), masked(0, Buffer.alloc(60))],
    1009,
  ],
])('a frame %s is an error', ([, frames, code]) => {
  expect(() => readAll(frames, 100)).toThrow(expect.objectContaining({ code }));
});

test('endless fragments are an error, even if they are empty', () => {
  const reader = new ClientMessageReader(1e6);
  const fragment = masked(OPCODE.continuation, Buffer.alloc(0), false);
  const start = masked(OPCODE.text, Buffer.alloc(0), false);
  const flood = Buffer.concat([start, ...Array.from({ length: 2000 }, () => fragment)]);
  expect(() => [...reader.read(flood)]).toThrow(expect.objectContaining({ code: 1009 }));
});

test('the gaps between messages are known, however the stream is cut', () => {
  const first = serverFrame(OPCODE.text, randomBytes(300));
  const second = serverFrame(OPCODE.text, randomBytes(70_000));
  const stream = Buffer.concat([first, second]);
  const gaps = new Set([0, first.length, stream.length]);
  for (const size of [1, 3, 100, 4096, stream.length]) {
    const boundaries = new FrameBoundaries();
    let passed = 0;
    for (const chunk of sliced(stream, size)) {
      const gap = boundaries.follow(chunk);
      if (gap >= 0) expect(gaps).toContain(passed + gap);
      passed += chunk.length;
      expect(boundaries.between).toBe(gaps.has(passed));
    }
    expect(boundaries.closed).toBe(false);
    boundaries.follow(closeFrame(1000, 'bye'));
    expect(boundaries.closed).toBe(true);
  }
});

test('the beginnings of text messages are reported, however the stream is cut', () => {
  const long = Buffer.concat([Buffer.from('a long one'), randomBytes(70_000)]);
  const stream = Buffer.concat([
    masked(OPCODE.text, text('first')),
    serverFrame(OPCODE.text, long),
    masked(OPCODE.ping, text('no text')),
    masked(OPCODE.text, text('begun '), false),
    masked(OPCODE.continuation, text('and ended')),
    serverFrame(OPCODE.text, Buffer.alloc(0)),
    masked(OPCODE.text, text('last of all')),
  ]);
  for (const size of [1, 3, 100, stream.length]) {
    const starts: string[] = [];
    const boundaries = new FrameBoundaries({ bytes: 10, heard: (one) => starts.push(String(one)) });
    for (const chunk of sliced(stream, size)) boundaries.follow(chunk);
    expect(starts).toEqual(['first', 'a long one', 'begun ', 'last of al']);
  }
});

test('messages are taken out of a stream, however it is cut', () => {
  const taken = Buffer.from('{"id":7,"result":{"taken":true}}');
  const frames = [
    serverFrame(OPCODE.text, Buffer.from('{"id":1}')),
    serverFrame(OPCODE.text, taken),
    serverFrame(OPCODE.ping, Buffer.alloc(0)),
    serverFrame(OPCODE.text, Buffer.alloc(0)),
    serverFrame(OPCODE.text, taken),
    serverFrame(OPCODE.text, randomBytes(70_000)),
    serverFrame(OPCODE.binary, taken),
    closeFrame(1000, 'bye'),
  ];
  const left = Buffer.concat(frames.filter((_, at) => at !== 1 && at !== 4));
  const stream = Buffer.concat(frames);
  for (const size of [1, 3, 100, 4096, stream.length]) {
    const found: Buffer[] = [];
    const sieve = new FrameSieve(
      8,
      (start) => start.includes('"id":7'),
      (payload) => void found.push(Buffer.from(payload)),
    );
    const passed = sliced(stream, size).map((chunk) => Buffer.from(sieve.sift(chunk)));
    expect(Buffer.concat(passed).equals(left)).toBe(true);
    expect(found).toEqual([taken, taken]);
  }
});
