import type { Session } from './session.ts';

/** The width of the frame's border in CSS pixels. */
const BORDER_PX = 3;

/** Round the picture: in the color of the person who drives, and with a ring when keys go to the page. */
export function Frame({ session }: { session: Session }) {
  const { driver } = session.driving.control.value;
  const box = session.screen.box.value;
  const stage = session.screen.stage.value;
  // Outside of the picture where there is room, and always within the stage.
  const inset = {
    top: box.top - BORDER_PX,
    right: stage.width - box.left - box.width - BORDER_PX,
    bottom: stage.height - box.top - box.height - BORDER_PX,
    left: box.left - BORDER_PX,
  };
  return (
    <div
      class="frame"
      aria-hidden="true"
      data-driver={driver}
      style={Object.fromEntries(
        Object.entries(inset).map(([side, px]) => [side, `${Math.max(0, px)}px`]),
      )}
    />
  );
}
