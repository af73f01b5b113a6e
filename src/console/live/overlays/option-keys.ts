import type { PopupOption } from '../contract.ts';

const PAGE = 10;
const FORGET_MS = 800;

/** The option that a key leads to; undefined: the key leads nowhere. */
export function nextOption(
  options: PopupOption[],
  active: number,
  key: string,
): number | undefined {
  const open = options.flatMap(({ isDisabled }, i) => (isDisabled ? [] : [i]));
  const last = open.length - 1;
  const at = open.indexOf(active);
  const to: Partial<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE,
    PageUp: at - PAGE,
    Home: 0,
    End: last,
  };
  const wanted = to[key];
  return wanted === undefined ? undefined : open[Math.min(Math.max(wanted, 0), last)];
}

/** Finds options by the first letters of their labels. */
export class TypeAhead {
  #typed = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  get isEmpty(): boolean {
    return this.#typed === '';
  }

  find(options: PopupOption[], letter: string): number | undefined {
    this.#typed += letter.toLowerCase();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#typed = '';
    }, FORGET_MS);
    const found = options.findIndex(
      ({ label, isDisabled }) => !isDisabled && label.trim().toLowerCase().startsWith(this.#typed),
    );
    return found < 0 ? undefined : found;
  }
}
