/**
 * Playwright's server offers client certificates by a SOCKS proxy that it opens for the context, on
 * its own loopback. The browser has another one: there the proxy has an address of loopback that
 * tells its port, and the connections to it are joined with the server's by the service.
 */
const OFFERED = /^socks5:\/\/127\.0\.0\.1:(\d{1,5})$/;
const FOUND = /^127\.1\.(\d+)\.(\d+)$/;

/** How the browser finds, by the port of its own SOCKS proxy, the one that a server offers. */
export function asBrowserFinds(offered: unknown, socksPort: number): string | undefined {
  const [, digits] = (typeof offered === 'string' && OFFERED.exec(offered)) || [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return undefined;
  return `socks5://127.1.${port >> 8}.${port & 255}:${socksPort}`;
}

/** The port on the server's loopback that a connection of the browser is for, by where it went. */
export function offeredPort(address: string | undefined): number | undefined {
  const [, high, low] = FOUND.exec(address ?? '') ?? [];
  return high === undefined ? undefined : Number(high) * 256 + Number(low);
}
