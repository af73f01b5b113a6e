import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { prefix } from '../route.ts';

/** What a person reads who has no profile yet. */
export function Teaching() {
  const lines = firstProfile(location.origin + prefix);
  return (
    <section class="teaching">
      <h2>No profiles yet</h2>
      <p>
        A profile saves cookies, storage and settings, so the next runtime continues signed in. Each
        runtime that starts from it saves a new version when it ends. Create one here with{' '}
        <b>New profile</b>, or from a program.
      </p>
      <CodeTabs label="Create a profile with" all={[{ name: 'curl', lines }]} />
      <KeyHint />
    </section>
  );
}

function firstProfile(address: string): string {
  return `curl -sS ${address}/v1/browser-profiles \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name":"first"}'`;
}
