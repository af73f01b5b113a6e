import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Extension } from '../contract.ts';
import { removeExtension } from '../extensions/remove.ts';
import { Verdict } from '../extensions/verdict.tsx';
import { RenameDialog } from '../form/rename-dialog.tsx';
import { useLoaded } from '../runtime/loaded.ts';
import { NotThere } from '../not-there.tsx';
import { hrefOf, navigate } from '../route.ts';
import { useMay } from '../scopes.ts';
import { Section } from '../section.tsx';
import { FactsSection } from './facts-section.tsx';

export function ExtensionPage({ id }: { id: string }) {
  const path = `/v1/browser-extensions/${encodeURIComponent(id)}`;
  const { value, error, isMissing, load } = useLoaded<Extension>(path);
  const extension = value.value;
  useEffect(() => {
    document.title = `${extension?.name ?? 'Extension'} · bctrl`;
  }, [extension?.name]);
  return (
    <main class="page">
      <div class="page-head">
        <a href={hrefOf('extensions')}>Extensions</a>
        <h1 tabIndex={-1}>{extension?.name ?? 'Extension'}</h1>
        {extension && <span class="dim">{extension.version}</span>}
        {extension && <Actions extension={extension} path={path} load={load} />}
      </div>
      {extension ? (
        <div class="panels">
          <div class="panels-main">
            <Section title="Tried out">
              <Verdict extension={extension} />
            </Section>
            <Permissions permissions={extension.permissions} />
          </div>
          <div class="panels-side">
            <FactsSection extension={extension} />
          </div>
        </div>
      ) : (
        <NotThere
          error={isMissing.value ? 'There is no such extension.' : error.value}
          list="extensions"
        />
      )}
    </main>
  );
}

interface ActionsProps {
  extension: Extension;
  path: string;
  load: () => Promise<void>;
}

function Actions({ extension, path, load }: ActionsProps) {
  const may = useMay();
  const isRenaming = useSignal(false);
  if (!may('extensions:write')) return null;
  const remove = async () => {
    if (await removeExtension(extension)) navigate(hrefOf('extensions'));
  };
  return (
    <div class="buttons">
      <button class="framed" type="button" onClick={() => (isRenaming.value = true)}>
        Rename
      </button>
      <button class="framed danger" type="button" onClick={() => void remove()}>
        Delete
      </button>
      {isRenaming.value && (
        <RenameDialog
          name={extension.name}
          path={path}
          onRenamed={load}
          onClose={() => (isRenaming.value = false)}
        />
      )}
    </div>
  );
}

function Permissions({ permissions }: Pick<Extension, 'permissions'>) {
  return (
    <Section title="Permissions">
      {permissions.length === 0 && <p class="dim">It asks for none.</p>}
      <ul class="chips">
        {permissions.map((permission) => (
          <li key={permission}>
            <code>{permission}</code>
          </li>
        ))}
      </ul>
    </Section>
  );
}
