import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, sentenceOf } from '../api.ts';
import { asOurs } from '../as-ours.ts';
import type { Recording, RecordingEmbed } from '../contract.ts';
import { Needed } from '../not-allowed.tsx';
import { useMay } from '../scopes.ts';

/** The player of a recording, or else why there is none. */
export function PlayerPanel({ recording, path }: { recording: Recording; path: string }) {
  const mayWatch = useMay()('runtimes:connect');
  return (
    <section class="live recorded" aria-label="Player">
      {!mayWatch && (
        <p class="live-words dim">
          <Needed scopes={['runtimes:connect']} />
        </p>
      )}
      {mayWatch && recording.status === 'expired' && (
        <p class="live-words dim">
          Its videos were deleted at the end of their retention. BCTRL_RECORDING_RETENTION_DAYS says
          how long videos are kept.
        </p>
      )}
      {mayWatch && recording.status !== 'expired' && (
        <PlayerFrame path={path} alias={recording.alias} />
      )}
    </section>
  );
}

function PlayerFrame({ path, alias }: { path: string; alias: string }) {
  const address = useSignal('');
  const error = useSignal('');
  const load = async () => {
    try {
      address.value = asOurs((await call<RecordingEmbed>('POST', `${path}/embed`)).iframeUrl);
      error.value = '';
    } catch (reason) {
      error.value = sentenceOf(reason);
    }
  };
  useEffect(() => void load(), []);
  if (error.value !== '') {
    return (
      <div class="live-words" role="alert">
        <p>The recording cannot be played. {error.value}</p>
        <button class="framed" type="button" onClick={() => void load()}>
          Try again
        </button>
      </div>
    );
  }
  if (address.value === '') return <p class="live-words dim">Opening the player…</p>;
  return <iframe src={address.value} title={`Recording of ${alias}`} allow="fullscreen" />;
}
