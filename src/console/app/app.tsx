import type { ConsoleSession } from './session.ts';
import { SignIn } from './sign-in.tsx';

export function App({ session }: { session: ConsoleSession }) {
  const state = session.state.value;
  if (state.name === 'asking') {
    return (
      <main class="asking">
        <p role="status">{state.problem}</p>
      </main>
    );
  }
  if (state.name === 'out') {
    return <SignIn key={state.reason} session={session} reason={state.reason} />;
  }
  return (
    <main class="asking">
      <p>Signed in.</p>
      <button type="button" onClick={() => void session.signOut()}>
        Sign out
      </button>
    </main>
  );
}
