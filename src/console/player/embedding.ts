import { effect } from '@preact/signals';
import type { RecordingTimeMessage } from './contract.ts';
import type { Player } from './player.ts';

const EVERY_MS = 250;

/** Tells the page that embeds this one what time is shown, and takes jumps from it. */
export function speakToParent(player: Player): void {
  if (window.parent === window) return;
  const { clock } = player;
  let toldAtMs = -Infinity;
  let jumps = 0;
  const tell = () => {
    const message: RecordingTimeMessage = {
      type: 'bctrl:recording-time',
      timeMs: Math.round(clock.timeMs.peek()),
      durationMs: player.manifest.peek().durationMs,
      tabId: player.tabId.peek() ?? null,
    };
    toldAtMs = performance.now();
    // It carries nothing secret, and who embeds the page is not known.
    window.parent.postMessage(message, '*');
  };
  effect(() => {
    void clock.timeMs.value;
    const isJump = clock.jumps.value !== jumps;
    jumps = clock.jumps.value;
    const isDue = clock.isPlaying.peek() && performance.now() - toldAtMs >= EVERY_MS;
    if (isJump || isDue) tell();
  });
  window.addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
    if (source !== window.parent || typeof data !== 'object' || data === null) return;
    const { type, timeMs, tabId }: { type?: unknown; timeMs?: unknown; tabId?: unknown } = data;
    if (type !== 'bctrl:recording-seek' || typeof timeMs !== 'number' || Number.isNaN(timeMs))
      return;
    player.seekTo(timeMs, typeof tabId === 'string' ? tabId : undefined);
  });
}
