import type { Greeting } from './nats-greeting.ts';

/** What a client comes with. */
export interface Offer {
  wantsTls: boolean;
  hasCertificate: boolean;
  hasCredentials: boolean;
}

/** Of a server that is not even asked, since it would refuse; its message follows the server's name. */
class Unsuitable extends Error {}

const BY_CODE: Record<string, string> = {
  ECONNREFUSED: 'refuses the connection',
  ENOTFOUND: 'has a name that is not found',
  EAI_AGAIN: 'has a name that is not found',
  ABORT_ERR: 'does not answer',
};

/** Throws when a server will not do: without a certificate, it would hang up without a word. */
export function assertSuitable(greeting: Greeting, offer: Offer): void {
  const hasTls = greeting.tls_required || greeting.tls_available;
  if (offer.wantsTls && !hasTls) throw new Unsuitable('does not speak TLS');
  if (greeting.tls_verify && !offer.hasCertificate) {
    throw new Unsuitable('wants a client certificate');
  }
}

/** Why there is no connection to a server, in words that follow its name. */
export function reasonOf(cause: unknown, offer: Offer): string {
  if (cause instanceof AggregateError) return reasonOfSilence(cause.errors[0]);
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  if (cause instanceof Unsuitable) return message;
  if (name === 'AuthorizationError') {
    return offer.hasCredentials ? 'refuses the credentials' : 'wants credentials, and got none';
  }
  if (name !== 'TimeoutError') return `cannot be connected to: ${message}`;
  const guess = offer.hasCertificate ? ': perhaps it does not trust the client certificate' : '';
  return `greets, and then does not answer${guess}`;
}

/** Of a server that did not even greet. */
function reasonOfSilence(cause: unknown): string {
  if (!(cause instanceof Error && 'code' in cause)) return 'is not a server of NATS';
  return BY_CODE[String(cause.code)] ?? `cannot be reached (${String(cause.code)})`;
}
