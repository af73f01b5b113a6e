import { signal } from '@preact/signals';
import { currentSession, type Session } from './current-session.ts';

export type SessionState =
  /** The service is asked; `problem` says why that takes a while. */
  | { name: 'asking'; problem?: string }
  | { name: 'in'; session: Session }
  /** `reason` says why, if it was not the person who signed out. */
  | { name: 'out'; reason?: string };

/** The service's own address; the script of the page is two folders below. */
const SERVICE = new URL('../../', import.meta.url);
const RETRY_MS = 2000;
const UNREACHABLE = 'The service cannot be reached.';
const OVER = 'The session is over. Sign in again.';
const WRONG_KEY = 'This API key is not valid, or it was revoked.';
const USED_LINK =
  'This link was used before, or is older than an hour. Sign in with the API key, which was printed beside it.';

/** Who is signed in. The cookie is out of the page's sight, so the service says. */
export class ConsoleSession {
  readonly state = signal<SessionState>({ name: 'asking' });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Signs in by the link that the page was opened with, or else goes on with the session that there is. */
  async open(): Promise<void> {
    const link = new URLSearchParams(location.hash.slice(1)).get('link');
    if (link === null) return this.#resume();
    // It stays neither in the history nor in a bookmark.
    history.replaceState(history.state, '', location.pathname + location.search);
    const problem = await this.#signIn({ link });
    if (problem !== undefined) await this.#resume(problem);
  }

  /** Returns what is wrong, in a sentence; undefined once somebody is signed in. */
  signIn(key: string): Promise<string | undefined> {
    return this.#signIn({ key });
  }

  /** Throws when the service cannot be reached: then the browser still has the session. */
  async signOut(): Promise<void> {
    await ask('DELETE');
    this.#leave({ name: 'out' });
  }

  /** Call it when the service answers 401: the key was revoked, or the time is up. */
  expire(): void {
    this.#leave({ name: 'out', reason: OVER });
  }

  async #signIn(credential: { key: string } | { link: string }): Promise<string | undefined> {
    const answer = await ask('POST', credential).catch(() => undefined);
    if (!answer) return UNREACHABLE;
    if (!answer.ok) return explain(answer, 'link' in credential ? USED_LINK : WRONG_KEY);
    this.#enter(await answer.json());
    return undefined;
  }

  /** `reason`: what to say if there is no session. */
  async #resume(reason?: string): Promise<void> {
    clearTimeout(this.#timer);
    const answer = await ask('GET').catch(() => undefined);
    if (answer?.ok) return this.#enter(await answer.json());
    if (answer && answer.status < 500 && answer.status !== 429) {
      if (answer.status !== 401) reason ??= await explain(answer, OVER);
      return this.#leave({ name: 'out', ...(reason !== undefined && { reason }) });
    }
    const problem = answer ? await explain(answer, UNREACHABLE) : UNREACHABLE;
    this.state.value = { name: 'asking', problem: `${problem} Trying again…` };
    this.#timer = setTimeout(() => void this.#resume(reason), RETRY_MS);
  }

  #enter(session: Session): void {
    clearTimeout(this.#timer);
    currentSession.value = session;
    this.#timer = setTimeout(() => this.expire(), Date.parse(session.expiresAt) - Date.now());
    this.state.value = { name: 'in', session };
  }

  #leave(state: SessionState): void {
    clearTimeout(this.#timer);
    this.state.value = state;
  }
}

function ask(method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<Response> {
  return fetch(new URL('console/session', SERVICE), {
    method,
    cache: 'no-store',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

/** What a refusal means, in sentences. */
async function explain(answer: Response, unauthorized: string): Promise<string> {
  if (answer.status === 401 || answer.status === 400) return unauthorized;
  const { error, hint }: { error?: string; hint?: string } = await answer.json().catch(() => ({}));
  const wait = answer.headers.get('retry-after');
  const when = wait === null ? undefined : `Try again in ${wait} s.`;
  return [error ?? `The service answers ${answer.status}.`, hint, when].filter(Boolean).join(' ');
}
