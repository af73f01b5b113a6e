/**
 * Tells what is wrong with a match pattern; undefined when nothing is.
 * https://developer.chrome.com/docs/extensions/develop/concepts/match-patterns
 */
export function problemOfMatchPattern(pattern: string): string | undefined {
  if (pattern === '<all_urls>') return undefined;
  const [, scheme, host, path] = /^([^:]*):\/\/([^/]*)(\/.*)?$/.exec(pattern) ?? [];
  if (scheme === undefined || host === undefined) return 'it has no scheme and host';
  if (!/^(?:\*|https?|wss?|file|ftp|chrome-extension)$/.test(scheme)) {
    return `its scheme "${scheme}" is none of *, http, https, ws, wss, file`;
  }
  if (path === undefined) return 'it has no path after the host (end it in /*)';
  return scheme === 'file' ? undefined : problemOfHost(host);
}

function problemOfHost(host: string): string | undefined {
  if (host === '') return 'it has no host';
  const [, name = ''] = /^(.*?)(?::(?:\d+|\*))?$/.exec(host) ?? [];
  const rest = name === '*' ? '' : name.replace(/^\*\./, '');
  return rest.includes('*') ? 'a * in its host stands alone or before the first dot' : undefined;
}
