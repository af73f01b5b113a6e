import { useEffect, useMemo } from 'preact/hooks';
import type { Recording } from '../contract.ts';
import { NotThere } from '../not-there.tsx';
import { recordingStateOf } from '../recording-words.ts';
import { hrefOf } from '../route.ts';
import { loadWorkspaces, workspaces } from '../workspaces.ts';
import { DeleteButton } from './delete-button.tsx';
import { DetailsSection } from './details-section.tsx';
import { PlayerPanel } from './player-panel.tsx';
import { RecordingView } from './recording-view.ts';
import { VideosSection } from './videos-section.tsx';

export function RecordingPage({ id }: { id: string }) {
  const view = useMemo(() => new RecordingView(id), []);
  const recording = view.recording.value;
  useEffect(() => {
    if (workspaces.peek().length === 0) void loadWorkspaces();
    return () => view.close();
  }, []);
  useEffect(() => {
    document.title = `Recording of ${recording?.alias ?? 'a runtime'} · bctrl`;
  }, [recording?.alias]);
  return (
    <main class="page">
      <div class="page-head">
        <a href={hrefOf('recordings')}>Recordings</a>
        <h1 tabIndex={-1}>{recording?.alias ?? 'Recording'}</h1>
        {/* Before there is something to say, so that it is heard when it is said. */}
        <p class="state" role="status">
          {recording && <StateWords recording={recording} />}
        </p>
        {recording && <DeleteButton recording={recording} path={view.path} />}
      </div>
      {recording ? (
        <Panels recording={recording} path={view.path} />
      ) : (
        <NotThere error={view.error.value} list="recordings" />
      )}
    </main>
  );
}

function StateWords({ recording }: { recording: Recording }) {
  const { name, label, detail } = recordingStateOf(recording);
  return (
    <>
      <span class="state-word" data-state={name}>
        {label}
      </span>
      <span class="dim">{detail}</span>
    </>
  );
}

function Panels({ recording, path }: { recording: Recording; path: string }) {
  return (
    <div class="panels">
      <div class="panels-main">
        <PlayerPanel recording={recording} path={path} />
      </div>
      <div class="panels-side">
        <DetailsSection recording={recording} />
        <VideosSection recording={recording} path={path} />
      </div>
    </div>
  );
}
