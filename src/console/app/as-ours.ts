/** The address by which this page was loaded reaches the service, whatever its public one is. */
export function asOurs(address: string): string {
  const { pathname, hash } = new URL(address);
  return location.origin + pathname + hash;
}
