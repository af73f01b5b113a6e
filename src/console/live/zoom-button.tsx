import { ZoomInIcon, ZoomOutIcon } from './icons.tsx';
import type { Session } from './session.ts';

/** Where fingers are all there is: makes a page readable that is too small as a whole, or shows it whole again. */
export function ZoomButton({ session }: { session: Session }) {
  const { zoom } = session.screen;
  const isZoomed = zoom.isZoomed.value;
  if (!isZoomed && !zoom.isNeeded.value) return null;
  return (
    <button
      class="plain fingers zoom"
      type="button"
      aria-label="Zoom in"
      aria-pressed={isZoomed}
      title={isZoomed ? 'Show the whole page' : 'Zoom in'}
      onClick={() => zoom.toggle()}
    >
      {isZoomed ? <ZoomOutIcon /> : <ZoomInIcon />}
    </button>
  );
}
