import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Recording } from '../contract.ts';
import { hrefOf, navigate } from '../route.ts';
import { useMay } from '../scopes.ts';
import { toast } from '../toasts.tsx';

export function DeleteButton({ recording, path }: { recording: Recording; path: string }) {
  const isBusy = useSignal(false);
  if (!useMay()('runtimes:write')) return null;
  const remove = async () => {
    const title = `Delete the recording of ${recording.alias}?`;
    const text = 'Its videos and its index are gone for good. The runtime stays.';
    if (!(await confirm({ title, text, verb: 'Delete' }))) return;
    isBusy.value = true;
    try {
      await call('DELETE', path);
      toast('The recording is deleted.');
      navigate(hrefOf('recordings'));
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
      isBusy.value = false;
    }
  };
  return (
    <div class="buttons">
      <button
        class="framed danger"
        type="button"
        disabled={isBusy.value || recording.isRecording}
        title={recording.isRecording ? 'Stop its runtime first.' : undefined}
        onClick={() => void remove()}
      >
        Delete
      </button>
    </div>
  );
}
