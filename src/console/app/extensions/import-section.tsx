import type { Extension } from '../contract.ts';
import { hrefOf } from '../route.ts';
import { DropZone } from '../uploads/drop-zone.tsx';
import { UploadList } from '../uploads/upload-list.tsx';
import type { Uploads } from '../uploads/uploads.ts';
import { Verdict } from './verdict.tsx';

/** Takes packages, and tells what the service found in each. */
export function ImportSection({ uploads }: { uploads: Uploads<Extension> }) {
  return (
    <section aria-label="Upload">
      <DropZone
        wanted="a zip or crx"
        hint="The service unpacks it, checks its manifest, and loads it once in a browser of its own. It is kept if it works."
        accept=".zip,.crx"
        isMultiple
        onFiles={(files) => uploads.add(files)}
      />
      <UploadList
        uploads={uploads}
        during="The service tries it out in a browser…"
        outcomeOf={(extension) => (
          <>
            <p>
              <a href={hrefOf('extensions', extension.id)}>{extension.name}</a> {extension.version}
            </p>
            <Verdict extension={extension} />
          </>
        )}
      />
    </section>
  );
}
