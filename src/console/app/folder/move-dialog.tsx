import { call } from '../api.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import type { MoveFile, StoredFile } from '../storage/contract.ts';
import { toast } from '../toasts.tsx';
import type { FolderView } from './folder-view.ts';

interface MoveDialogProps {
  file: StoredFile;
  view: FolderView;
  onClose: () => void;
}

/** Gives a file another name, folder or namespace. */
export function MoveDialog({ file, view, onClose }: MoveDialogProps) {
  const move = async (entered: FormData, signal: AbortSignal) => {
    const body: MoveFile = {
      path: textIn(entered, 'path'),
      namespace: textIn(entered, 'namespace'),
    };
    const path = `${view.path}/files/${file.id}`;
    const moved = await call<StoredFile>('PATCH', path, { body, signal });
    toast(`It is ${moved.path} in ${moved.namespace} now.`);
    onClose();
    await view.list.load();
  };
  return (
    <FormDialog
      title={`Move ${file.name}`}
      verb="Move"
      during="Moving…"
      act={move}
      onClose={onClose}
    >
      <TextField
        name="path"
        label="Path"
        value={file.path}
        hint="Folders and the name, separated by slashes. A folder exists while it contains a file."
      />
      <TextField name="namespace" label="Namespace" value={file.namespace} />
    </FormDialog>
  );
}
