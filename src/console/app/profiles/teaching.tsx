import { CodeTabs } from '../code-tabs.tsx';
import { prefix } from '../route.ts';

/** What a person reads who has no profile yet. */
export function Teaching() {
  const lines = firstProfile(location.origin + prefix);
  return (
    <section class="teaching">
      <h2>No profile yet</h2>
      <p>
        A profile keeps what a browser has: cookies, storage, history, and how it presents itself. A
        runtime that is started from it goes on where the last one ended, and saves a version at its
        end. Make one here with <b>New profile</b>, or from a program.
      </p>
      <CodeTabs label="Create a profile with" all={[{ name: 'curl', lines }]} />
    </section>
  );
}

function firstProfile(address: string): string {
  return `curl -sS ${address}/v1/browser-profiles \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name":"first"}'`;
}
