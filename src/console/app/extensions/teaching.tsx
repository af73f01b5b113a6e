import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { prefix } from '../route.ts';

/** What a person reads who has no extension yet. */
export function Teaching() {
  const address = location.origin + prefix;
  const all = [
    { name: 'curl', lines: uploadByCurl(address) },
    { name: 'From an address', lines: importByCurl(address) },
  ];
  return (
    <section class="teaching">
      <h2>No extensions yet</h2>
      <p>
        A runtime or a profile can name extensions, which its browser then loads. Drop a package
        above (a zip with its <code>manifest.json</code>, or a crx), or add one from a program.
      </p>
      <CodeTabs label="Add an extension" all={all} />
      <KeyHint />
    </section>
  );
}

function uploadByCurl(address: string): string {
  return `curl -sS ${address}/v1/browser-extensions/upload \\
  -H "Authorization: Bearer $BCTRL_API_KEY" \\
  -F file=@extension.zip`;
}

function importByCurl(address: string): string {
  return `curl -sS ${address}/v1/browser-extensions/import \\
  -H "Authorization: Bearer $BCTRL_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"url":"https://chromewebstore.google.com/detail/fmkadmapgofadopljbjfkapdkoienihi"}'`;
}
