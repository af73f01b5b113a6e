import { CodeTabs } from '../code-tabs.tsx';
import { prefix } from '../route.ts';
import type { FolderView } from './folder-view.ts';

/** What a person reads where no file is. */
export function Teaching({ view }: { view: FolderView }) {
  const lines = uploadByCurl(location.origin + prefix + view.path, view.prefix);
  return (
    <section class="teaching">
      <h2>No file yet</h2>
      <p>
        Drop files above. What the browsers of a workspace download is stored here, if the workspace
        mounts this namespace. Programs store files by a request.
      </p>
      <CodeTabs label="Store a file with" all={[{ name: 'curl', lines }]} />
    </section>
  );
}

function uploadByCurl(address: string, folder: string): string {
  return `curl -sS -T report.pdf '${address}/files?path=${encodeURI(folder)}report.pdf' \\
  -H "Authorization: Bearer $BCTRL_API_KEY"`;
}
