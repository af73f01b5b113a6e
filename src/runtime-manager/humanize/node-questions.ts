import { z } from 'zod';
import type { PageFunction } from '../browser/pages/page-document.ts';
import { pageFunction } from '../browser/pages/page-script.ts';
import { locate } from './landing.ts';
import { findScroller } from './page-scripts/find-scroller.ts';
import { mayDrag } from './page-scripts/may-drag.ts';
import type { Point } from './pointer-path.ts';
import type { Stage } from './stage.ts';
import type { Scroll } from './wheel.ts';

const World = z.object({ executionContextId: z.int() });
const Resolved = z.object({ object: z.object({ objectId: z.string() }) });
const Answered = z.object({ result: z.object({ value: z.unknown() }) });

/** What a turn of the wheel would scroll. */
const Scroller = z.object({
  /** In CSS pixels, in the direction of the scroll. */
  roomPx: z.number(),
  /** Whether the scroll comes to rest at places of its own. */
  snaps: z.boolean(),
});
type Scroller = z.infer<typeof Scroller>;

/**
 * Whether moving the mouse from a point, with its button down, could begin a drag of the browser's
 * own; true when the browser does not say.
 */
export async function mayDragFrom(stage: Stage, point: Point): Promise<boolean> {
  return (await askNode(stage, point, pageFunction(mayDrag), z.boolean())) ?? true;
}

/** The first scroller at a point that has room; undefined: none, or the browser does not say. */
export async function findScrollerAt(
  stage: Stage,
  point: Point,
  { deltaX, deltaY }: Scroll,
): Promise<Scroller | undefined> {
  const isAside = Math.abs(deltaX) > Math.abs(deltaY);
  const isBack = (isAside ? deltaX : deltaY) < 0;
  return askNode(stage, point, pageFunction(findScroller, isAside, isBack), Scroller);
}

/**
 * Calls a function with the node at a point as `this`, in a world of its own, which scripts of the
 * page do not see. Undefined when there is no answer of the given type.
 */
async function askNode<T>(
  stage: Stage,
  point: Point,
  { code, args }: PageFunction,
  answer: z.ZodType<T>,
): Promise<T | undefined> {
  const located = await locate(stage, point);
  if (!located) return undefined;
  const { backendNodeId, frameId } = located;
  const world = { frameId, worldName: 'bctrl' };
  const { data: made } = World.safeParse(await stage.ask('Page.createIsolatedWorld', world));
  const node = { backendNodeId, executionContextId: made?.executionContextId };
  const { data: resolved } = Resolved.safeParse(made && (await stage.ask('DOM.resolveNode', node)));
  if (!resolved) return undefined;
  const { objectId } = resolved.object;
  const values = args.map((value) => ({ value }));
  const call = {
    objectId,
    functionDeclaration: code,
    arguments: values,
    returnByValue: true,
  };
  const told = Answered.safeParse(await stage.ask('Runtime.callFunctionOn', call)).data;
  stage.tell('Runtime.releaseObject', { objectId });
  return answer.safeParse(told?.result.value).data;
}
