import { call } from '../api.ts';
import { TextField } from './fields.tsx';
import { FormDialog } from './form-dialog.tsx';
import { textIn } from './proxy-fields.tsx';

interface RenameDialogProps {
  name: string;
  /** The path of what is renamed. */
  path: string;
  onRenamed: () => Promise<void>;
  onClose: () => void;
}

/** Gives another name. */
export function RenameDialog({ name, path, onRenamed, onClose }: RenameDialogProps) {
  const rename = async (entered: FormData, signal: AbortSignal) => {
    await call('PATCH', path, { body: { name: textIn(entered, 'name') }, signal });
    await onRenamed();
    onClose();
  };
  return (
    <FormDialog
      title={`Rename ${name}`}
      verb="Rename"
      during="Renaming…"
      act={rename}
      onClose={onClose}
    >
      <TextField name="name" label="Name" value={name} />
    </FormDialog>
  );
}
