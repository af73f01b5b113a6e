import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { prefix } from '../route.ts';
import type { FolderView } from './folder-view.ts';

/** What a person reads where no file is. */
export function Teaching({ view }: { view: FolderView }) {
  const lines = uploadByCurl(location.origin + prefix + view.path, view.prefix);
  return (
    <section class="teaching">
      <h2>No files yet</h2>
      <p>
        Drop files above, or store them from a program. When a workspace mounts this namespace, the
        downloads of its browsers are stored here, too.
      </p>
      <CodeTabs label="Store a file with" all={[{ name: 'curl', lines }]} />
      <KeyHint />
    </section>
  );
}

function uploadByCurl(address: string, folder: string): string {
  return `curl -sS -T report.pdf '${address}/files?path=${encodeURI(folder)}report.pdf' \\
  -H "Authorization: Bearer $BCTRL_API_KEY"`;
}
