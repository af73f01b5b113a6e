import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { call, sentenceOf } from '../api.ts';
import type { Issue, Runtime } from '../contract.ts';
import { Dialog } from '../dialog.tsx';
import { SelectField, TextField } from '../form/fields.tsx';
import { focusFirstWrong, Issues, issuesOf } from '../form/issues.ts';
import { textIn } from '../form/proxy-fields.tsx';
import { hrefOf, navigate } from '../route.ts';
import { readSelection } from '../runtimes/selected-by-address.ts';
import { workspaces } from '../workspaces.ts';
import { DRIVERS, requestIn } from './create-request.ts';
import { LaunchFields } from './launch-fields.tsx';
import { LimitFields, RecordingFields } from './more-fields.tsx';
import { newAlias } from './new-alias.ts';

/** A create may wait for room on a full machine. */
const TIMEOUT_MS = 180_000;

/** Makes a runtime, and leads to it. */
export function CreateDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const { issues, sentence, isBusy, send, cancel } = useCreate(form);
  const options = workspaces.value.map(({ id, name }) => [id, name] as const);
  const workspace = useSignal('');
  return (
    <Dialog
      title="New runtime"
      isWide
      onClose={() => {
        cancel();
        onClose();
      }}
    >
      <Issues.Provider value={issues.value}>
        <form
          ref={form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void send(new FormData(event.currentTarget));
          }}
        >
          <div class="columns">
            <TextField name="alias" label="Alias" value={useRef(newAlias()).current} />
            <SelectField
              name="workspace"
              label="Workspace"
              options={options}
              value={workspace.value || firstWorkspace()}
              onChange={(value) => (workspace.value = value)}
            />
            <SelectField
              name="driver"
              label="Driver"
              options={DRIVERS}
              hint="All drivers reach the same browser."
            />
          </div>
          <LaunchFields />
          <RecordingFields />
          <LimitFields />
          <div class="buttons form-end">
            <p class="wrong" role="alert">
              {sentence.value}
            </p>
            <p class="dim" role="status">
              {isBusy.value && 'Starting. On a full machine this waits for room…'}
            </p>
            <button
              class="framed"
              type="button"
              onClick={() => {
                cancel();
                onClose();
              }}
            >
              Cancel
            </button>
            <button class="primary" type="submit" disabled={isBusy.value}>
              Create
            </button>
          </div>
        </form>
      </Issues.Provider>
    </Dialog>
  );
}

/** The workspace that the list is limited to, or else `default`. */
function firstWorkspace(): string {
  const { workspace } = readSelection();
  const all = workspaces.value;
  return workspace || (all.find(({ name }) => name === 'default') ?? all[0])?.id || 'default';
}

function useCreate(form: { current: HTMLFormElement | null }) {
  const issues = useSignal<Issue[]>([]);
  const sentence = useSignal('');
  const isBusy = useSignal(false);
  const going = useRef(new AbortController());
  // A field says what is wrong with it only once it is drawn so.
  useEffect(() => {
    if (issues.value.length > 0 && focusFirstWrong(form.current)) sentence.value = '';
  }, [issues.value]);
  const send = async (entered: FormData) => {
    const leaving = (going.current = new AbortController());
    isBusy.value = true;
    issues.value = [];
    sentence.value = '';
    const workspace = encodeURIComponent(textIn(entered, 'workspace') || 'default');
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const options = { body: requestIn(entered), signal };
      const made = await call<Runtime>('POST', `/v1/workspaces/${workspace}/runtimes`, options);
      navigate(hrefOf('runtimes', made.workspaceId, made.id));
    } catch (error) {
      if (leaving.signal.aborted) return;
      sentence.value = sentenceOf(error);
      issues.value = issuesOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return { issues, sentence, isBusy, send, cancel: () => going.current.abort() };
}
