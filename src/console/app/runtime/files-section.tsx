import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { RuntimeFile, RuntimeFiles } from '../contract.ts';
import { Needed } from '../not-allowed.tsx';
import { prefix } from '../route.ts';
import { useMay } from '../scopes.ts';
import { bytes } from '../times.ts';
import { toast } from '../toasts.tsx';
import { useLoaded } from './loaded.ts';
import type { RuntimeView } from './runtime-view.ts';
import { Section } from '../section.tsx';

/** What the browser downloaded, and what steps made. */
export function FilesSection({ view }: { view: RuntimeView }) {
  if (useMay()('files:read')) return <Files view={view} />;
  return (
    <Section title="Files">
      <p class="dim">
        <Needed scopes={['files:read']} />
      </p>
    </Section>
  );
}

function Files({ view }: { view: RuntimeView }) {
  const path = `${view.path}/files`;
  const { files: downloads, life } = view.changes;
  const { value, error, load } = useLoaded<RuntimeFiles>(path, downloads, life);
  const files = value.value?.files ?? [];
  const mayDelete = useMay()('files:write');
  const remove = async ({ id, name }: RuntimeFile) => {
    const text = 'Its content is gone for good, also from the namespace that it is in.';
    if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return;
    try {
      await call('DELETE', `${path}/${id}`);
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
    }
    await load();
  };
  return (
    <Section title="Files">
      {error.value && <p class="wrong">{error.value}</p>}
      {files.length === 0 && !error.value && (
        <p class="dim">None yet. What the browser downloads appears here as it arrives.</p>
      )}
      <ul class="lines">
        {files.map((file) => (
          <li key={file.id}>
            <span class="two">
              {file.state === 'stored' ? (
                <a href={`${prefix}${path}/${file.id}/content`} download={file.name}>
                  {file.name}
                </a>
              ) : (
                <span>{file.name}</span>
              )}
              <span class="dim">{aboutOf(file)}</span>
            </span>
            {mayDelete && file.state !== 'arriving' && (
              <button class="framed danger" type="button" onClick={() => void remove(file)}>
                Delete<span class="unseen"> {file.name}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function aboutOf({ state, contentType, sizeBytes, progress, failure }: RuntimeFile): string {
  if (state === 'failed') return failure?.message ?? 'It did not arrive.';
  if (state === 'stored') return `${bytes(sizeBytes)}, ${contentType}`;
  if (!progress) return 'arrives';
  const { receivedBytes, totalBytes } = progress;
  const of = totalBytes === undefined ? '' : ` of ${bytes(totalBytes)}`;
  return `arrives: ${bytes(receivedBytes)}${of}`;
}
