import type { Runtime } from '../contract.ts';
import { Needed } from '../not-allowed.tsx';
import { useMay } from '../scopes.ts';
import { adviceOn, isRunning, stateOf } from '../words.ts';
import { useLiveAddress } from './live-address.ts';
import type { RuntimeView } from './runtime-view.ts';

/** The live page of the runtime while it runs, and else why there is none. */
export function LivePanel({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  return (
    <section class="live" aria-label="Live view">
      <Content runtime={runtime} view={view} />
    </section>
  );
}

function Content({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  const mayWatch = useMay()('runtimes:connect');
  if (!isRunning(runtime)) return <WithoutBrowser runtime={runtime} />;
  if (mayWatch) {
    return <LiveFrame key={runtime.generation} path={view.path} alias={runtime.alias} />;
  }
  return (
    <p class="live-words dim">
      <Needed scopes={['runtimes:connect']} />
    </p>
  );
}

function LiveFrame({ path, alias }: { path: string; alias: string }) {
  const { address, error, load } = useLiveAddress(path);
  if (error.value !== '') {
    return (
      <div class="live-words" role="alert">
        <p>There is no live view. {error.value}</p>
        <button class="framed" type="button" onClick={() => void load()}>
          Try again
        </button>
      </div>
    );
  }
  if (address.value === '') return <p class="live-words dim">Opening the live view…</p>;
  return (
    <iframe
      src={address.value}
      title={`Live view of ${alias}`}
      allow="clipboard-write; fullscreen"
    />
  );
}

function WithoutBrowser({ runtime }: { runtime: Runtime }) {
  const { name, label, detail } = stateOf(runtime);
  if (name === 'failed') {
    return (
      <div class="live-words" data-state="failed">
        <h2>{detail}</h2>
        <p>{adviceOn(runtime)}</p>
        <p class="dim">
          Code <code>{runtime.failure?.code}</code>
        </p>
      </div>
    );
  }
  return (
    <div class="live-words">
      <h2>
        {label} {detail}
      </h2>
      {name === 'stopped' && <p class="dim">Start the runtime to see its live view here.</p>}
    </div>
  );
}
