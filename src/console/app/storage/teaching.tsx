import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { prefix } from '../route.ts';

/** What a person reads who has no namespace yet. */
export function Teaching() {
  const lines = createByCurl(location.origin + prefix);
  return (
    <section class="teaching">
      <h2>No namespaces yet</h2>
      <p>
        A namespace stores files in folders. When a workspace mounts one, the downloads of its
        browsers are stored there, and its files can be uploaded to pages. Create one here with{' '}
        <b>New namespace</b>, or from a program.
      </p>
      <CodeTabs label="Create a namespace with" all={[{ name: 'curl', lines }]} />
      <KeyHint />
    </section>
  );
}

function createByCurl(address: string): string {
  return `curl -sS ${address}/v1/storage \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name":"shared"}'`;
}
