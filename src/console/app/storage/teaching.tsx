import { CodeTabs } from '../code-tabs.tsx';
import { prefix } from '../route.ts';

/** What a person reads who has no namespace yet. */
export function Teaching() {
  const lines = createByCurl(location.origin + prefix);
  return (
    <section class="teaching">
      <h2>No namespace yet</h2>
      <p>
        A namespace keeps files in folders. A workspace that mounts one has what its browsers
        download there, and gives its files to pages. Make one here with <b>New namespace</b>, or
        from a program.
      </p>
      <CodeTabs label="Create a namespace with" all={[{ name: 'curl', lines }]} />
    </section>
  );
}

function createByCurl(address: string): string {
  return `curl -sS ${address}/v1/storage \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name":"shared"}'`;
}
