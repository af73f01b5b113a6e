import type { Fingerprint } from '../profiles/profile.ts';

/** The window of a browser that is not asked for a size, in CSS pixels. */
const DEFAULT_WINDOW = { width: 1280, height: 720 };
const SCREEN = { width: 1920, height: 1080 };

export interface ViewportOptions {
  fingerprint: Pick<Fingerprint, 'viewport'>;
  /** By how much a window is higher than its page. */
  windowChromeHeight: number;
}

/** A window that shows a page of the size asked for, on a screen that holds the window. */
export function viewportFlags({
  fingerprint: { viewport },
  windowChromeHeight,
}: ViewportOptions): string[] {
  const window = viewport && { ...viewport, height: viewport.height + windowChromeHeight };
  const { width, height } = window ?? DEFAULT_WINDOW;
  const screen = `${Math.max(SCREEN.width, width)}x${Math.max(SCREEN.height, height)}`;
  return [`--window-size=${width},${height}`, `--screen-info={${screen}}`];
}
