/** The frames of RFC 6455: https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameHeader {
  final: boolean;
  opcode: number;
  /** True for a client's frames. */
  isMasked: boolean;
  headerBytes: number;
  payloadBytes: number;
}

/** The header at an offset of `bytes`, or undefined when more bytes are needed. */
export function readHeader(bytes: Buffer, at = 0): FrameHeader | undefined {
  // Indexed, since destructuring would use an iterator: every message passes here.
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === undefined || second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const isMasked = (second & 0x80) !== 0;
  const headerBytes = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length - at < headerBytes) return undefined;
  const payloadBytes =
    short === 127
      ? Number(bytes.readBigUInt64BE(at + 2))
      : short === 126
        ? bytes.readUInt16BE(at + 2)
        : short;
  const final = (first & 0x80) !== 0;
  return { final, opcode: first & 0x0f, isMasked, headerBytes, payloadBytes };
}

/** A frame as a server sends it. */
export function serverFrame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([headerOf(opcode, payload.length, 0), payload]);
}

export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return serverFrame(OPCODE.close, payload);
}

/** A text frame as a client sends it; a mask of zeros leaves the payload as it is. */
export function clientTextFrame(payload: Buffer): Buffer {
  return Buffer.concat([headerOf(OPCODE.text, payload.length, 0x80), Buffer.alloc(4), payload]);
}

function headerOf(opcode: number, payloadBytes: number, maskBit: 0 | 0x80): Buffer {
  const first = 0x80 | opcode;
  if (payloadBytes < 126) return Buffer.from([first, maskBit | payloadBytes]);
  if (payloadBytes < 0x10000) {
    return Buffer.from([first, maskBit | 126, payloadBytes >> 8, payloadBytes & 0xff]);
  }
  const header = Buffer.alloc(10);
  header.writeUInt8(first, 0);
  header.writeUInt8(maskBit | 127, 1);
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}
