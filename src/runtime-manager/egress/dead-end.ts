import { isLocalhost } from './localhost.ts';

/**
 * A browser has two ways on its list: its forwarder, and "directly", which leads nowhere. When the
 * forwarder lets a connection fall, the browser tries the second way, and so fails in Chromium's own
 * words, as it would without us: no name resolves, and nothing listens at any address. The forwarder
 * itself answers for everything else that goes wrong.
 */
const PROXY_NAME = 'forwarder.invalid';

/** Nothing can listen at port 0. */
const REFUSING = '127.0.0.1:0';
/** Chromium compares both `host` and `host:port` with these; `*` stands for anything. */
const ADDRESSES = ['[*]:*', ...Array.from('0123456789', (digit) => `*.*.*.*${digit}`)];
const LOCALHOSTS = ['localhost', '*.localhost'].flatMap((name) => [name, `${name}.`]);

/**
 * Where the proxies of contexts are found, at the port of the forwarder for `http:`; nothing else
 * listens there.
 */
const CONTEXT_PROXIES = '127.1.*';

/** The ports of the browser's loopback at which the forwarder is found. */
export interface ForwarderPorts {
  http: number;
  socks: number;
}

/** The flags of Chromium that lead all traffic to the forwarder, and no traffic elsewhere. */
export function wayOutFlags({ http, socks }: ForwarderPorts): string[] {
  const rules = [
    ...[http, socks].map((port) => `MAP ${PROXY_NAME}:${port} 127.0.0.1:${port}`),
    ...[...ADDRESSES, ...LOCALHOSTS].map((pattern) => `MAP ${pattern} ${REFUSING}`),
    'MAP * ~NOTFOUND',
    `EXCLUDE ${CONTEXT_PROXIES}`,
  ];
  return [
    `--proxy-server=http=socks5://${PROXY_NAME}:${socks},direct://;` +
      `https=http://${PROXY_NAME}:${http},direct://`,
    // Traffic to loopback goes to the forwarder as well.
    '--proxy-bypass-list=<-loopback>',
    `--host-resolver-rules=${rules.join(',')}`,
  ];
}

/**
 * What a browser says, by the names of `failureCode`, when the forwarder lets a connection to a
 * host fall. Undefined where something does listen.
 */
export function deadEndOf(host: string): string | undefined {
  if (host === PROXY_NAME || host.startsWith(CONTEXT_PROXIES.slice(0, -1))) return undefined;
  const isAddress = host.includes(':') || /^.*\..*\..*\..*\d$/.test(host);
  return isAddress || isLocalhost(host) ? 'connection_refused' : 'name_not_resolved';
}
