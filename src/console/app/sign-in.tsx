import { useEffect, useRef, useState } from 'preact/hooks';
import type { ConsoleSession } from './session.ts';

const PROBLEM = 'sign-in-problem';

export interface SignInProps {
  session: ConsoleSession;
  /** Why nobody is signed in, if there is something to say. */
  reason: string | undefined;
}

/** Asks for an API key, which goes to the service and stays nowhere in the page. */
export function SignIn({ session, reason }: SignInProps) {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState(reason);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const signIn = async (key: string) => {
    setBusy(true);
    setProblem(key === '' ? 'Enter an API key.' : await session.signIn(key));
    setBusy(false);
    field.current?.select();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isBusy) void signIn(field.current?.value.trim() ?? '');
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-busy={isBusy}>
        <h1>bctrl</h1>
        {/* The name under which a password manager keeps the key. */}
        <input hidden readOnly autocomplete="username" value="API key" />
        <label for="key">API key</label>
        <input
          ref={field}
          id="key"
          type="password"
          autocomplete="current-password"
          autocapitalize="off"
          spellcheck={false}
          placeholder="bctrl_…"
          aria-invalid={problem !== undefined && problem !== reason}
          aria-describedby={PROBLEM}
        />
        <button type="submit" aria-disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <p id={PROBLEM} class="problem" role="alert">
          {problem}
        </p>
        <p class="hint">
          The first start of the service printed a key. To create another one, run{' '}
          <code>npm run keys -- create</code> on its machine. You can do here what your key allows.
        </p>
      </form>
    </main>
  );
}
