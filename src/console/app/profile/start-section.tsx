import { CodeTabs } from '../code-tabs.tsx';
import type { Profile } from '../contract.ts';
import { KeyHint } from '../key-hint.tsx';
import { prefix } from '../route.ts';
import { Section } from '../section.tsx';

/** How a program starts a runtime from the profile. */
export function StartSection({ profile }: { profile: Profile }) {
  const lines = startByCurl(location.origin + prefix, profile.id);
  return (
    <Section title="Start from a program">
      <CodeTabs label="Start a runtime with" all={[{ name: 'curl', lines }]} />
      <KeyHint />
      <p class="dim">
        One runtime at a time saves to the profile. With <code>"readOnly": true</code> in{' '}
        <code>launch</code>, any number of runtimes can start: each gets a copy, which is discarded
        when the runtime ends.
      </p>
    </Section>
  );
}

function startByCurl(address: string, profileId: string): string {
  return `curl -sS ${address}/v1/workspaces/default/runtimes \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"alias":"again","kind":"browser","launch":{"mode":"profile","profileId":"${profileId}"}}'`;
}
