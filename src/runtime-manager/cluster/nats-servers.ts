const DEFAULT_PORT = 4222;

export interface NatsServer {
  /** An address of IPv6 is without brackets. */
  hostname: string;
  port: number;
  /** Both, as `host:port`. */
  host: string;
}

export interface NatsServers {
  servers: NatsServer[];
  /** Whether one of the URLs asks for TLS. */
  isEncrypted: boolean;
  credentials: { user: string; pass: string } | { token: string } | undefined;
}

/**
 * Takes the URLs of servers apart: the client would look for the port in a password too. Throws an
 * error that does not say what the URLs hold.
 */
export function readServers(texts: string[]): NatsServers {
  const urls = texts.map(parse);
  const [first, ...others] = urls.filter(({ username }) => username !== '');
  if (others.some((one) => one.username !== first?.username || one.password !== first.password)) {
    throw new Error('The servers of NATS_URL have to take the same credentials.');
  }
  return {
    servers: urls.map(serverOf),
    isEncrypted: urls.some(({ protocol }) => protocol === 'tls:'),
    credentials: first && credentialsOf(first),
  };
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (url && /^(?:nats|tls):$/.test(url.protocol) && url.hostname !== '') return url;
  throw new Error('NATS_URL must be like nats://host:4222 or tls://host:4222.');
}

function serverOf({ hostname, port }: URL): NatsServer {
  return {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || DEFAULT_PORT),
    host: `${hostname}:${port || DEFAULT_PORT}`,
  };
}

function credentialsOf({ username, password }: URL): NatsServers['credentials'] {
  try {
    const user = decodeURIComponent(username);
    return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
  } catch {
    throw new Error('The credentials of NATS_URL have to be percent-encoded.');
  }
}
