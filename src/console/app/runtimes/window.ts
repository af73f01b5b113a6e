import { useSignal, type Signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

/** How many rows there are above and below those in view, for keys that move on. */
const BEYOND = 8;

export interface RowWindow {
  from: number;
  to: number;
}

/** Which rows of a list to make: those that its scrolling place shows, and some more. */
export function useRowWindow(
  place: { current: HTMLElement | null },
  rowHeight: number,
): Signal<RowWindow> {
  const shown = useSignal<RowWindow>({ from: 0, to: 2 * BEYOND });
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => {
      const first = Math.floor(element.scrollTop / rowHeight);
      const from = Math.max(0, first - BEYOND);
      const to = first + Math.ceil(element.clientHeight / rowHeight) + BEYOND;
      const { value } = shown;
      if (value.from !== from || value.to !== to) shown.value = { from, to };
    };
    const resizing = new ResizeObserver(measure);
    resizing.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      resizing.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  return shown;
}
