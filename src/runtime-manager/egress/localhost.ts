/** Loopback's addresses, in the order in which Chromium tries them. */
export const LOOPBACK = ['::1', '127.0.0.1'];

/**
 * Whether a name, in its canonical form, always stands for loopback, so that no resolver is asked
 * (https://www.rfc-editor.org/rfc/rfc6761#section-6.3).
 */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
