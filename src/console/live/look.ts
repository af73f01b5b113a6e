import type { Rectangle } from './contract.ts';
import { place, toScale, wholeScale, type Look, type Point, type Size } from './fit.ts';

/** The stage, the page on it, and what of the page is looked at; without a look, all of it. */
export interface Shown {
  stage: Size;
  page: Size;
  look: Look | undefined;
}

/** From this scale on, a page made for a desk can be read. */
const READABLE = 0.75;
/** What is hardly larger than the whole page is that. */
const ZOOM_MIN = 1.02;
const MARGIN_PX = 12;
/** How much of the stage is over the middle of a field: a keyboard may cover the lower half. */
const FIELD_AT = 0.25;
const LINE_PX = 40;

/** Whether the page can be read when all of it is seen, or nothing can be done about it. */
export function isReadable({ stage, page }: Shown): boolean {
  const hasRoom = stage.width > 0 && stage.height > 0;
  return !hasRoom || wholeScale(stage, page) >= READABLE;
}

export function isZoomed({ stage, page, look }: Shown): boolean {
  if (!look) return false;
  return place(stage, page, look).scale > wholeScale(stage, page) * ZOOM_MIN;
}

/** What is looked at when fingers go on the stage, in its pixels, and come to be `ratio` times as far apart. */
export function pinch(shown: Shown, { from, to, ratio }: Pinch): Look {
  const { stage, page } = shown;
  const scale = toScale(place(stage, page, shown.look).scale * ratio, stage, page);
  return { scale, page: pageAt(shown, from), stage: share(to, stage) };
}

export interface Pinch {
  /** The middle of the fingers. */
  from: Point;
  to: Point;
  ratio: number;
}

/** Makes the page readable around a point of the stage, which stays where it is. */
export function readableAt(shown: Shown, at: Point): Look {
  return { scale: 1, page: pageAt(shown, at), stage: share(at, shown.stage) };
}

/** Makes a field readable, in the upper part of the stage; undefined when it is already. `tap` is where it was touched. */
export function lookAtField(shown: Shown, field: Rectangle, tap?: Point): Look | undefined {
  const { stage, page, look } = shown;
  const before = place(stage, page, look);
  const [x, y, width, height] = onPage(field, page, tap);
  const room = stage.width - 2 * MARGIN_PX;
  const isLarge = before.scale >= READABLE;
  const fitting = room / width;
  const comfortable = fitting < READABLE ? 1 : Math.min(1, fitting);
  const scale = isLarge ? before.scale : comfortable;
  // Of a field that is larger than the stage, the part that was touched.
  const [left, columns] = part(x, width, room / scale, tap?.x);
  const [top, lines] = part(y, height, Math.max(LINE_PX, stage.height / 3) / scale, tap?.y);
  if (isLarge) {
    const start = before.left + left * scale;
    const upper = before.top + top * scale;
    const isInSight = start >= 0 && start + columns * scale <= stage.width;
    if (isInSight && upper >= 0 && upper + lines * scale <= stage.height / 2) return undefined;
  }
  const middle = { x: left + columns / 2, y: top + lines / 2 };
  return { scale, page: middle, stage: { x: 0.5, y: FIELD_AT } };
}

/** The part of the way from what is shown to a look. */
export function between({ stage, page, look }: Shown, end: Look, done: number): Look {
  const before = place(stage, page, look);
  const at = {
    x: (before.left + end.page.x * before.scale) / stage.width,
    y: (before.top + end.page.y * before.scale) / stage.height,
  };
  const mix = (from: number, to: number) => from + (to - from) * done;
  return {
    scale: before.scale * (end.scale / before.scale) ** done,
    page: end.page,
    stage: { x: mix(at.x, end.stage.x), y: mix(at.y, end.stage.y) },
  };
}

/** The look that shows all of the page. */
export function whole({ stage, page }: Shown): Look {
  const { left, top, scale } = place(stage, page);
  return { scale, page: { x: 0, y: 0 }, stage: share({ x: left, y: top }, stage) };
}

function pageAt({ stage, page, look }: Shown, { x, y }: Point): Point {
  const { left, top, scale } = place(stage, page, look);
  return { x: (x - left) / scale, y: (y - top) / scale };
}

function share({ x, y }: Point, { width, height }: Size): Point {
  return { x: x / width, y: y / height };
}

/** What of a field is on the page; of one that a page hides elsewhere, where it was touched. */
function onPage([x, y, width, height]: Rectangle, page: Size, tap: Point | undefined): Rectangle {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const columns = Math.min(page.width, x + width) - left;
  const lines = Math.min(page.height, y + height) - top;
  if (columns > 0 && lines > 0) return [left, top, columns, lines];
  const at = tap ?? { x: page.width / 2, y: page.height / 2 };
  return [at.x, at.y, 1, 1];
}

/** The start and length of a part around a point, no longer than there is room. */
function part(start: number, length: number, room: number, around = start): [number, number] {
  if (length <= room) return [start, length];
  return [Math.max(start, Math.min(around - room / 2, start + length - room)), room];
}
