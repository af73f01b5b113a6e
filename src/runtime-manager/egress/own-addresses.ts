import { networkInterfaces } from 'node:os';
import { carriedBy, parseAddress } from './addresses.ts';

/** Whether an address is one of this machine's, even one that a gateway would lead back here. */
export function isOfThisMachine(address: string): boolean {
  const range = innermost(address)?.range();
  if (range === 'loopback' || range === 'unspecified') return true;
  return Object.values(networkInterfaces()).some((all) =>
    all?.some((one) => isSame(one.address, address)),
  );
}

/** Whether two spellings lead to one address. */
export function isSame(one: string, other: string): boolean {
  return innermost(one)?.toString() === innermost(other)?.toString();
}

function innermost(address: string) {
  const parsed = parseAddress(address);
  return parsed && (carriedBy(parsed) ?? parsed);
}
