import { call } from '../api.ts';
import type { Extension } from '../contract.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import { hrefOf, navigate } from '../route.ts';
import type { ImportExtension } from './contract.ts';

/** Loads a package from the Chrome Web Store or another address, and leads to the extension. */
export function StoreDialog({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="Add from an address"
      verb="Add"
      during="The service loads it, and tries it out in a browser…"
      act={add}
      onClose={onClose}
    >
      <TextField
        name="url"
        label="Address"
        placeholder="https://chromewebstore.google.com/detail/…"
        hint="Its page in the Chrome Web Store, or the https address of a zip or crx."
      />
      <TextField name="name" label="Name" hint="Empty: the name in its manifest." />
    </FormDialog>
  );
}

async function add(entered: FormData, signal: AbortSignal): Promise<void> {
  const name = textIn(entered, 'name');
  const body: ImportExtension = { url: textIn(entered, 'url'), ...(name !== '' && { name }) };
  const options = { body, signal };
  const { id } = await call<Extension>('POST', '/v1/browser-extensions/import', options);
  navigate(hrefOf('extensions', id));
}
