import { useSignal, useSignalEffect } from '@preact/signals';
import { Controls } from './controls.tsx';
import { EventList } from './event-list.tsx';
import type { Player } from './player.ts';
import { Scrubber } from './scrubber.tsx';
import { Stage } from './stage.tsx';
import { TabStrip } from './tab-strip.tsx';
import { Toolbar } from './toolbar.tsx';

const NAME = 'Recording';

export function App({ player }: { player: Player }) {
  const state = player.source.state.value;
  if (player.source.manifest.value === undefined) {
    if (state.name === 'failed') return <Alone sentence={state.sentence} />;
    return <Loading isLate={state.name === 'retrying'} />;
  }
  return <Recording player={player} />;
}

/** A page that says one thing. */
export function Alone({ sentence }: { sentence: string }) {
  return (
    <main class="alone">
      <h1>{NAME}</h1>
      <p role="alert">{sentence}</p>
    </main>
  );
}

function Loading({ isLate }: { isLate: boolean }) {
  return (
    <main class="alone">
      <h1 class="unseen">{NAME}</h1>
      <span class="spinner" aria-hidden="true" />
      <p class="dim" role="status">
        {isLate ? 'The service does not answer. Trying again…' : 'Loading the recording…'}
      </p>
    </main>
  );
}

function Recording({ player }: { player: Player }) {
  // On a phone that is held sideways there is only room for the picture.
  const isListed = useSignal(
    !matchMedia('(max-width: 900px) and (orientation: landscape)').matches,
  );
  useSignalEffect(() => {
    const title = player.tab.value?.titleAt(player.clock.timeMs.value);
    document.title = title ? `${title} – ${NAME}` : NAME;
  });
  return (
    <>
      <header>
        <TabStrip player={player} />
        <Toolbar player={player} />
      </header>
      <main class="middle">
        <h1 class="unseen">
          {NAME} of {player.manifest.value.alias}
        </h1>
        <Stage player={player} />
        <div class="bottom">
          <Scrubber player={player} />
          <Controls player={player} isListed={isListed} />
        </div>
        {isListed.value && <EventList player={player} />}
      </main>
    </>
  );
}
