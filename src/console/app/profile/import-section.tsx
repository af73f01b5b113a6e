import { useEffect, useMemo } from 'preact/hooks';
import type { Version } from '../profiles/contract.ts';
import { Section } from '../section.tsx';
import { upload, type Sending } from '../upload.ts';
import { DropZone } from '../uploads/drop-zone.tsx';
import { UploadList } from '../uploads/upload-list.tsx';
import { Uploads } from '../uploads/uploads.ts';
import type { ProfileView } from './profile-view.ts';

/** Takes a state from elsewhere, as a new version. */
export function ImportSection({ view }: { view: ProfileView }) {
  const uploads = useMemo(
    () =>
      new Uploads(async (file, sending) => {
        const version = await send(view.path, file, sending);
        await view.load();
        return version;
      }),
    [],
  );
  useEffect(() => () => uploads.close(), []);
  return (
    <Section title="Import">
      <DropZone
        wanted="a zip or JSON"
        hint="A zip that was exported from a profile, or a storageState of Playwright as JSON. It becomes the current version; no version is deleted."
        accept=".zip,.json"
        onFiles={(files) => uploads.add(files)}
      />
      <UploadList
        uploads={uploads}
        during="The service checks and packs it…"
        outcomeOf={({ version }: Version) => <p>It is version {version}, which is current now.</p>}
      />
    </Section>
  );
}

function send(path: string, file: File, sending: Sending): Promise<Version> {
  const isState = file.name.toLowerCase().endsWith('.json');
  const request = isState
    ? { path: `${path}/storage-state`, contentType: 'application/json' }
    : { path: `${path}/import`, contentType: 'application/zip' };
  return upload<Version>({ method: 'POST', body: file, ...request }, sending);
}
