import { CodeTabs } from '../code-tabs.tsx';
import type { Extension } from '../contract.ts';
import { Facts } from '../facts.tsx';
import { prefix } from '../route.ts';
import { Section } from '../section.tsx';
import { bytes, written } from '../times.ts';

export function FactsSection({ extension }: { extension: Extension }) {
  const { id, format, manifestVersion, sizeBytes, runtimeExtensionId, contentHash, createdAt } =
    extension;
  const lines = startByCurl(location.origin + prefix, id);
  return (
    <>
      <Section title="Details">
        <Facts
          facts={[
            ['Manifest', String(manifestVersion)],
            ['Package', format],
            ['Unpacked', bytes(sizeBytes)],
            ['Added', written(createdAt)],
            ['Id in Chromium', runtimeExtensionId],
            ['Id', id],
            ['SHA-256 of its files', contentHash],
          ]}
        />
      </Section>
      <Section title="Use it">
        <CodeTabs label="Start a runtime with it by" all={[{ name: 'curl', lines }]} />
        <p class="dim">
          Profiles name it as well, in <code>extensionIds</code>.
        </p>
      </Section>
    </>
  );
}

function startByCurl(address: string, id: string): string {
  return `curl -sS ${address}/v1/workspaces/default/runtimes \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"alias":"extended","kind":"browser","launch":{"mode":"ephemeral","extensionIds":["${id}"]}}'`;
}
