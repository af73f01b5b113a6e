import type { CreatedApiKey } from '../contract.ts';
import { CopyButton } from '../copy-button.tsx';
import { Dialog } from '../dialog.tsx';

interface MadeKeyProps {
  made: CreatedApiKey;
  onClose: () => void;
}

/** Shows a key, which nobody can see again. */
export function MadeKey({ made: { name, key }, onClose }: MadeKeyProps) {
  return (
    <Dialog title={`The key ${name}`} isWide onClose={onClose}>
      <p>
        <b>It is shown only now.</b> Copy it to where secrets are kept: the service has no copy, and
        a lost key is revoked and replaced.
      </p>
      <div class="secret">
        <code>{key}</code>
        <CopyButton text={key} of="the key" />
      </div>
      <p class="dim">
        Programs send it with each request: <code>Authorization: Bearer …</code>
      </p>
      <div class="buttons">
        <button class="primary" type="button" onClick={onClose}>
          I have it
        </button>
      </div>
    </Dialog>
  );
}
