import { isLocalhost } from './localhost.ts';

/**
 * A browser has two ways on its list: its forwarder, and "directly", which leads nowhere. It tries
 * the second one for what the forwarder lets fall, and so fails in Chromium's own words, as it would
 * without us: no name is resolved, no address is listened at. For what else goes wrong the forwarder
 * answers itself.
 */
const PROXY_NAME = 'forwarder.invalid';

/** Nothing can listen at port 0. */
const REFUSING = '127.0.0.1:0';
/** Both `host` and `host:port` are compared with these, `*` standing for anything. */
const ADDRESSES = ['[*]:*', ...Array.from('0123456789', (digit) => `*.*.*.*${digit}`)];
const LOCALHOSTS = ['localhost', '*.localhost'].flatMap((name) => [name, `${name}.`]);

/**
 * Where the proxies of contexts are found, at the port of the forwarder for `http:`; nothing else
 * listens there.
 */
const CONTEXT_PROXIES = '127.1.*';

/** Where the forwarder is found, at these ports of the browser's loopback. */
export interface ForwarderPorts {
  http: number;
  socks: number;
}

/** The flags of Chromium that lead all traffic to the forwarder, and none elsewhere. */
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
    // Loopback is the forwarder's as well.
    '--proxy-bypass-list=<-loopback>',
    `--host-resolver-rules=${rules.join(',')}`,
  ];
}

/**
 * What a browser says, by the names of `failureCode`, of a host that it is let fall for. Never for
 * where something does listen.
 */
export function deadEndOf(host: string): string | undefined {
  if (host === PROXY_NAME || host.startsWith(CONTEXT_PROXIES.slice(0, -1))) return undefined;
  const isAddress = host.includes(':') || /^.*\..*\..*\..*\d$/.test(host);
  return isAddress || isLocalhost(host) ? 'connection_refused' : 'name_not_resolved';
}
