import { createHash } from 'node:crypto';
import type { Protocol } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';

/**
 * The id of a runtime's own connection of a protocol: a UUID that follows from its record alone, so
 * whoever has the record can issue a ticket for it. Each life has another id, and so has a
 * connection that takes the place of a revoked one.
 */
export function ownConnectionId(
  { id, generation, connectionEpochs }: Pick<Runtime, 'id' | 'generation' | 'connectionEpochs'>,
  protocol: Protocol,
): string {
  const name = `${id} ${generation} ${protocol} ${connectionEpochs[protocol] ?? 0}`;
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  // Version 8 is for ids of one's own making: https://www.rfc-editor.org/rfc/rfc9562#section-5.8
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
