import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Dialog } from '../dialog.tsx';
import { Issues } from './issues.ts';
import { useSubmit } from './use-submit.ts';

interface FormDialogProps {
  title: string;
  /** What the button that goes on says. */
  verb: string;
  /** What to say while the service is at work. */
  during: string;
  /** Carries out what was entered; what it throws is told, at its fields where it names some. */
  act: (entered: FormData, signal: AbortSignal) => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
  isWide?: boolean;
}

/** A dialog with a form in it. */
export function FormDialog(props: FormDialogProps) {
  const { title, verb, during, act, onClose, children, isWide = false } = props;
  const form = useRef<HTMLFormElement>(null);
  const { issues, sentence, isBusy, send, cancel } = useSubmit(form, act);
  const close = () => {
    cancel();
    onClose();
  };
  return (
    <Dialog title={title} isWide={isWide} onClose={close}>
      <Issues.Provider value={issues.value}>
        <form
          ref={form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void send(new FormData(event.currentTarget));
          }}
        >
          {children}
          <div class="buttons form-end">
            <p class="wrong" role="alert">
              {sentence.value}
            </p>
            <p class="dim" role="status">
              {isBusy.value && during}
            </p>
            <button class="framed" type="button" onClick={close}>
              Cancel
            </button>
            <button class="primary" type="submit" disabled={isBusy.value}>
              {verb}
            </button>
          </div>
        </form>
      </Issues.Provider>
    </Dialog>
  );
}
