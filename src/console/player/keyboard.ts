import { SPEEDS } from './clock.ts';
import type { Player } from './player.ts';

const SKIP_MS = 5000;

/** What keys do, by their names; those with the key Shift begin with it. */
const KEYS: Partial<Record<string, (player: Player) => void>> = {
  ' ': (player) => player.toggle(),
  ArrowLeft: (player) => player.seekBy(-SKIP_MS),
  ArrowRight: (player) => player.seekBy(SKIP_MS),
  'Shift+ArrowLeft': (player) => player.previousEvent(),
  'Shift+ArrowRight': (player) => player.nextEvent(),
  Home: (player) => player.seek(0),
  End: (player) => player.seek(Infinity),
  ',': (player) => player.step(-1),
  '.': (player) => player.step(1),
};
SPEEDS.forEach((speed, i) => {
  KEYS[String(i + 1)] = ({ clock }) => {
    clock.speed.value = speed;
  };
});

/** Takes the keys that nothing else on the page takes. */
export function listenToKeys(player: Player): void {
  window.addEventListener('keydown', (event) => {
    const { key, shiftKey, ctrlKey, altKey, metaKey, defaultPrevented } = event;
    if (defaultPrevented || ctrlKey || altKey || metaKey || isTakenBy(event)) return;
    const act = KEYS[shiftKey && key.startsWith('Arrow') ? `Shift+${key}` : key];
    if (!act || player.source.manifest.peek() === undefined) return;
    event.preventDefault();
    act(player);
  });
}

/** Texts take all keys, and buttons are pressed by this one. */
function isTakenBy({ key, target }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement) return true;
  return key === ' ' && target instanceof Element && target.closest('button, a') !== null;
}
