const WEB_PORTS = new Set([80, 443]);
const UNPRIVILEGED_FROM = 1024;
/**
 * Above those, the ports where other protocols could take a request for their own.
 * https://fetch.spec.whatwg.org/#port-blocking
 */
const OF_OTHERS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080,
]);

/** Whether a receiver of webhooks may listen at a port: mail and other services take lines, too. */
export function isReceiverPort(port: number): boolean {
  return WEB_PORTS.has(port) || (port >= UNPRIVILEGED_FROM && !OF_OTHERS.has(port));
}
