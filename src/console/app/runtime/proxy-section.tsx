import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { call, sentenceOf } from '../api.ts';
import type { Issue, Runtime } from '../contract.ts';
import { focusFirstWrong, Issues, issuesOf } from '../form/issues.ts';
import { proxyIn, ProxyFields } from '../form/proxy-fields.tsx';
import { useMay } from '../scopes.ts';
import { toast } from '../toasts.tsx';
import { isRunning } from '../words.ts';
import type { RuntimeView } from './runtime-view.ts';
import { Section } from '../section.tsx';

/** The way out of the browser, which may change while it runs. */
export function ProxySection({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  const isChanging = useSignal(false);
  const { egress } = runtime;
  const mayChange = useMay()('runtimes:write') && isRunning(runtime);
  const change = mayChange && !isChanging.value && (
    <button class="framed" type="button" onClick={() => (isChanging.value = true)}>
      Change<span class="unseen"> the proxy</span>
    </button>
  );
  return (
    <Section title="Proxy" aside={change}>
      <Way runtime={runtime} />
      {egress?.allow && <p class="dim">Allowed hosts: {egress.allow.join(', ')}</p>}
      {egress?.deny && <p class="dim">Blocked hosts: {egress.deny.join(', ')}</p>}
      {isRunning(runtime) && isChanging.value && (
        <ProxyForm runtime={runtime} view={view} onDone={() => (isChanging.value = false)} />
      )}
    </Section>
  );
}

function Way({ runtime }: { runtime: Runtime }) {
  const { proxy } = runtime;
  if (proxy) return <p>{`${proxy.type}://${proxy.host}:${proxy.port}`}</p>;
  if (isRunning(runtime)) return <p>Direct connection, no proxy</p>;
  return <p class="dim">While the runtime runs, its proxy is shown here.</p>;
}

interface ProxyFormProps {
  runtime: Runtime;
  view: RuntimeView;
  onDone: () => void;
}

function ProxyForm({ runtime, view, onDone }: ProxyFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const type = useSignal<string>(runtime.proxy?.type ?? 'http');
  const issues = useSignal<Issue[]>([]);
  const error = useSignal('');
  const isBusy = useSignal(false);
  useEffect(() => void focusFirstWrong(form.current), [issues.value]);
  const send = async (entered: FormData) => {
    isBusy.value = true;
    issues.value = [];
    error.value = '';
    try {
      const body = { proxy: proxyIn(entered, 'proxy') };
      view.runtime.value = await call<Runtime>('PUT', `${view.path}/proxy`, { body });
      toast('The proxy is changed. Connections through the old one are closed.');
      onDone();
    } catch (reason) {
      error.value = sentenceOf(reason);
      issues.value = issuesOf(reason);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <Issues.Provider value={issues.value}>
      <form
        ref={form}
        noValidate
        aria-label="Change the proxy"
        onSubmit={(event) => {
          event.preventDefault();
          void send(new FormData(event.currentTarget));
        }}
      >
        <ProxyFields at="proxy" type={type.value} onType={(value) => (type.value = value)} />
        <p class="wrong" role="alert">
          {error.value}
        </p>
        <div class="buttons">
          <button class="framed" type="button" onClick={onDone}>
            Cancel
          </button>
          <button class="primary" type="submit" disabled={isBusy.value}>
            {isBusy.value ? 'Checking it…' : 'Change'}
          </button>
        </div>
      </form>
    </Issues.Provider>
  );
}
