import type { ConsoleSession } from './session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { sentenceOf } from './api.ts';
import { toast } from './toasts.tsx';

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
  return <Shell scopes={state.session.scopes} account={<SignOut session={session} />} />;
}

function SignOut({ session }: { session: ConsoleSession }) {
  const signOut = async () => {
    try {
      await session.signOut();
    } catch (error) {
      toast(`You are still signed in. ${sentenceOf(error)}`, { isBad: true });
    }
  };
  return (
    <button class="plain" type="button" onClick={() => void signOut()}>
      Sign out
    </button>
  );
}
