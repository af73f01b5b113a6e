/**
 * Playwright's server offers client certificates by a SOCKS proxy that it opens for the context, on
 * its own loopback. The browser has another loopback: there, an address stands for the proxy and
 * encodes its port, and the service joins connections to that address with the proxy.
 */
const OFFERED = /^socks5:\/\/127\.0\.0\.1:(\d{1,5})$/;
const FOUND = /^127\.1\.(\d+)\.(\d+)$/;

/** Where the browser finds the proxy that a server offers, at the port of its own SOCKS proxy. */
export function asBrowserFinds(offered: unknown, socksPort: number): string | undefined {
  const [, digits] = (typeof offered === 'string' && OFFERED.exec(offered)) || [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return undefined;
  return `socks5://127.1.${port >> 8}.${port & 255}:${socksPort}`;
}

/** The port on the server's loopback that a connection of the browser to an address is for. */
export function offeredPort(address: string | undefined): number | undefined {
  const [, high, low] = FOUND.exec(address ?? '') ?? [];
  return high === undefined ? undefined : Number(high) * 256 + Number(low);
}
