import type { Rectangle } from '../contract.ts';
import type { Screen } from '../screen.ts';

const GAP_PX = 2;
const MARGIN_PX = 8;
const HEIGHT_MAX_PX = 360;
/** With so much room, a panel goes where people expect it. */
const ENOUGH_PX = 200;

/** Styles that put a panel of at least the width of a rectangle of the page below it, or above it where there is more room. */
export function beside([x, y, width, height]: Rectangle, screen: Screen): Record<string, string> {
  const { left, top, scale } = screen.box.value;
  const stage = screen.stage.value;
  const start = left + x * scale;
  const [upper, lower] = [top + y * scale, top + (y + height) * scale];
  const [above, below] = [upper - MARGIN_PX, stage.height - lower - MARGIN_PX];
  const isBelow = below >= Math.min(above, ENOUGH_PX);
  const room = Math.max(0, Math.min(isBelow ? below : above, HEIGHT_MAX_PX));
  const isRight = start > stage.width / 2;
  const end = stage.width - start - width * scale;
  const px = (length: number) => `${Math.round(Math.max(MARGIN_PX, length))}px`;
  return {
    ...(isRight ? { right: px(end) } : { left: px(start) }),
    ...(isBelow ? { top: px(lower + GAP_PX) } : { bottom: px(stage.height - upper + GAP_PX) }),
    minWidth: px(Math.min(width * scale, stage.width - 2 * MARGIN_PX)),
    maxWidth: px(stage.width - Math.max(MARGIN_PX, isRight ? end : start) - MARGIN_PX),
    maxHeight: px(room),
  };
}

/** Gives the keys back to the page. */
export function focusPage(): void {
  document.getElementById('keys')?.focus({ preventScroll: true });
}
