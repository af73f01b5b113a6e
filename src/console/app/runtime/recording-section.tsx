import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, sentenceOf } from '../api.ts';
import { asOurs } from '../as-ours.ts';
import type { Recording, RecordingEmbed, RecordingState, Runtime } from '../contract.ts';
import { recordingStateOf } from '../recording-words.ts';
import { hrefOf } from '../route.ts';
import { bytes, clockOf } from '../times.ts';
import { useMay } from '../scopes.ts';
import { toast } from '../toasts.tsx';
import { isRunning } from '../words.ts';
import { useLoaded } from './loaded.ts';
import type { RuntimeView } from './runtime-view.ts';
import { Section } from '../section.tsx';

const REFRESH_MS = 3000;

export function RecordingSection({ runtime, view }: { runtime: Runtime; view: RuntimeView }) {
  const player = useSignal('');
  const path = `${view.path}/recording`;
  const { value, error, load } = useLoaded<Recording>(path, view.changes.life);
  const recording = value.value;
  const mayWatch = useMay()('runtimes:connect');
  const isJoined = recording?.isRecording !== false || recording.status !== 'encoding';
  // No event tells when the videos are joined.
  useEffect(() => {
    if (isJoined) return undefined;
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [isJoined]);
  const play = async () => {
    try {
      const made = await call<RecordingEmbed>('POST', `${view.path}/embed/recording`);
      player.value = asOurs(made.iframeUrl);
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
    }
  };
  if (!recording) {
    return (
      <Section title="Recording">
        {error.value ? (
          <p class="wrong">{error.value}</p>
        ) : (
          <p class="dim">
            {runtime.recording
              ? 'The recording begins with the first tab.'
              : 'Not recorded. To record a runtime, choose Record when you create it.'}
          </p>
        )}
      </Section>
    );
  }
  return (
    <Section title="Recording">
      <p>
        {recordingStateOf(recording).label}, {clockOf(recording.durationMs)},{' '}
        {bytes(recording.sizeBytes)}. <a href={hrefOf('recordings', recording.id)}>Open</a>
      </p>
      <div class="buttons">
        {mayWatch && recording.isRecording && isRunning(runtime) && <PauseButton path={path} />}
        {mayWatch && recording.status !== 'expired' && (
          <button class="framed" type="button" onClick={() => void play()}>
            Play
          </button>
        )}
      </div>
      {player.value && <iframe class="player" src={player.value} title="Recording" />}
    </Section>
  );
}

function PauseButton({ path }: { path: string }) {
  const isPaused = useSignal(false);
  const toggle = async () => {
    const verb = isPaused.value ? 'resume' : 'pause';
    try {
      const state = await call<RecordingState>('POST', `${path}/${verb}`);
      isPaused.value = state.isPaused;
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
    }
  };
  return (
    <button class="framed" type="button" onClick={() => void toggle()}>
      {isPaused.value ? 'Record again' : 'Pause'}
    </button>
  );
}
