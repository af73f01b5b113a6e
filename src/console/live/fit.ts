export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Where the picture is drawn within the stage, in CSS pixels, and how many of them a pixel of the page has. */
export interface Box extends Size {
  left: number;
  top: number;
  scale: number;
}

/** What of the page is looked at. */
export interface Look {
  /** How many CSS pixels a pixel of the page has. */
  scale: number;
  /** A place on the page, in its CSS pixels. */
  page: Point;
  /** Where that place is shown, from 0 to 1 in width and height of the stage: there it stays when the stage changes. */
  stage: Point;
}

/** A picture of the page that may be put anywhere, not yet on physical pixels. */
type Place = Pick<Box, 'left' | 'top' | 'scale'>;

/** As large as it gets: so many times the whole page, or letters a little larger than at home. */
const ZOOM_MAX = 4;
const SCALE_MAX = 1.5;

/** The scale at which the whole page is seen. */
export function wholeScale(stage: Size, page: Size): number {
  if (page.width === 0 || page.height === 0) return 1;
  return Math.min(stage.width / page.width, stage.height / page.height);
}

/** A scale that is possible, and next to the one that is wanted. */
export function toScale(wanted: number, stage: Size, page: Size): number {
  const whole = wholeScale(stage, page);
  return Math.max(whole, Math.min(wanted, Math.max(whole * ZOOM_MAX, SCALE_MAX)));
}

/** Where the picture is: without a look the whole page is seen. No edge of it is within the stage without need. */
export function place(stage: Size, page: Size, look?: Look): Place {
  const scale = toScale(look?.scale ?? 0, stage, page);
  const along = (side: 'width' | 'height', axis: 'x' | 'y', rest: number) => {
    const room = stage[side] - page[side] * scale;
    if (!look || room >= 0) return rest * room;
    return Math.min(0, Math.max(room, stage[side] * look.stage[axis] - look.page[axis] * scale));
  };
  // Below the bar, as a browser's page is.
  return { left: along('width', 'x', 0.5), top: along('height', 'y', 0), scale };
}

/** The box of the picture within the stage, its edges on physical pixels. */
export function fit(stage: Size, page: Size, pixelRatio: number, look?: Look): Box {
  if (page.width === 0 || page.height === 0) return { ...stage, left: 0, top: 0, scale: 1 };
  const { left, top, scale } = place(stage, page, look);
  const snap = (length: number) => Math.round(length * pixelRatio) / pixelRatio;
  const [width, height] = [snap(page.width * scale), snap(page.height * scale)];
  return { left: snap(left), top: snap(top), width, height, scale: width / page.width };
}
