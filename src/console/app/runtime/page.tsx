import { useEffect, useMemo } from 'preact/hooks';
import type { Runtime } from '../contract.ts';
import { hrefOf } from '../route.ts';
import { StateText } from '../state-text.tsx';
import { loadWorkspaces, workspaces } from '../workspaces.ts';
import { Actions } from './actions.tsx';
import { AttachSection } from './attach-section.tsx';
import { ConnectionsSection } from './connections-section.tsx';
import { EventsSection } from './events-section.tsx';
import { FactsSection } from './facts-section.tsx';
import { FilesSection } from './files-section.tsx';
import { LivePanel } from './live-panel.tsx';
import { ProxySection } from './proxy-section.tsx';
import { RecordingSection } from './recording-section.tsx';
import { RuntimeView } from './runtime-view.ts';

export function RuntimePage({ workspaceId, id }: { workspaceId: string; id: string }) {
  const view = useMemo(() => new RuntimeView(workspaceId, id), []);
  const runtime = view.runtime.value;
  useEffect(() => {
    if (workspaces.peek().length === 0) void loadWorkspaces();
    return () => view.close();
  }, []);
  useEffect(() => {
    document.title = `${runtime?.alias ?? 'Runtime'} · bctrl`;
  }, [runtime?.alias]);
  return (
    <main class="page runtime-page">
      <div class="page-head">
        <a href={hrefOf('runtimes')}>Runtimes</a>
        <h1 tabIndex={-1}>{runtime?.alias ?? 'Runtime'}</h1>
        {/* Before there is something to say, so that it is heard when it is said. */}
        <p class="state" role="status">
          {runtime && <StateText runtime={runtime} />}
        </p>
        {runtime?.summary?.profileId && (
          <a href={hrefOf('profiles', runtime.summary.profileId)}>Its profile</a>
        )}
        {runtime && <Actions runtime={runtime} view={view} />}
      </div>
      {runtime ? <Panels runtime={runtime} view={view} /> : <NotThere error={view.error.value} />}
    </main>
  );
}

function NotThere({ error }: { error: string }) {
  if (error === '') return <p class="notice dim">Loading…</p>;
  return (
    <p class="notice" role="alert">
      {error} <a href={hrefOf('runtimes')}>All runtimes</a>
    </p>
  );
}

function Panels({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  return (
    <div class="panels">
      <div class="panels-main">
        <LivePanel runtime={runtime} view={view} />
        <EventsSection view={view} />
      </div>
      <div class="panels-side">
        <AttachSection runtime={runtime} />
        <FactsSection runtime={runtime} />
        <ConnectionsSection view={view} />
        <ProxySection runtime={runtime} view={view} />
        <FilesSection view={view} />
        <RecordingSection runtime={runtime} view={view} />
      </div>
    </div>
  );
}
