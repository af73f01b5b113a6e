/** What a client asks of a runtime is below this path, so that it never meets a path of ours. */
const RUNTIME = '/runtime';
const PING = '/ping?nonce=';
const LINE = '/line?nonce=';

export function runtimePath(path: string): string {
  return RUNTIME + path;
}

/** The path below the address of a connection; undefined for a path of ours. */
export function pathInRuntime(path: string): string | undefined {
  return path.startsWith(RUNTIME) ? path.slice(RUNTIME.length) : undefined;
}

export function pingPath(nonce: string): string {
  return PING + nonce;
}

export function linePath(nonce: string): string {
  return LINE + nonce;
}

export function pingNonceIn(path: string): string | undefined {
  return path.startsWith(PING) ? path.slice(PING.length) : undefined;
}

export function lineNonceIn(path: string): string | undefined {
  return path.startsWith(LINE) ? path.slice(LINE.length) : undefined;
}
