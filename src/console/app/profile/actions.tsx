import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Profile } from '../contract.ts';
import { CreateDialog } from '../create/create-dialog.tsx';
import { hrefOf, navigate } from '../route.ts';
import { useMay } from '../scopes.ts';
import { toast } from '../toasts.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { ForkDialog } from './fork-dialog.tsx';
import type { ProfileView } from './profile-view.ts';

type Opened = 'edit' | 'fork' | 'start';

export function Actions({ profile, view }: { profile: Profile; view: ProfileView }) {
  const opened = useSignal<Opened | undefined>(undefined);
  const may = useMay();
  const isHeld = view.holders.found.value.has(profile.id);
  const close = () => (opened.value = undefined);
  const open = (dialog: Opened) => () => (opened.value = dialog);
  return (
    <div class="buttons">
      {may('profiles:write') && (
        <>
          <button class="framed" type="button" onClick={open('edit')}>
            Edit
          </button>
          <button class="framed" type="button" onClick={open('fork')}>
            Fork
          </button>
        </>
      )}
      {may('runtimes:write') && (
        <button class="primary" type="button" onClick={open('start')}>
          {isHeld ? 'Start a read-only copy' : 'Start a runtime'}
        </button>
      )}
      {may('profiles:write') && (
        <button class="framed danger" type="button" onClick={() => void remove(profile, view)}>
          Delete
        </button>
      )}
      {opened.value === 'edit' && <EditDialog profile={profile} view={view} onClose={close} />}
      {opened.value === 'fork' && <ForkDialog profile={profile} onClose={close} />}
      {opened.value === 'start' && (
        <CreateDialog profile={{ id: profile.id, isHeld }} onClose={close} />
      )}
    </div>
  );
}

async function remove({ name }: Profile, { path }: ProfileView): Promise<void> {
  const text = 'All its versions are gone for good. The records of its runtimes stay.';
  if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return;
  try {
    await call('DELETE', path);
    navigate(hrefOf('profiles'));
  } catch (error) {
    toast(`${name} is still there. ${sentenceOf(error)}`, { isBad: true });
  }
}
