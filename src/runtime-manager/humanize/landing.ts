import { z } from 'zod';
import type { Persona } from './persona.ts';
import type { Point } from './pointer-path.ts';
import { normal, type Random } from './random.ts';
import type { Stage } from './stage.ts';

/** What is under a point. */
export interface Target {
  nodeId: number;
  /** In CSS pixels of the viewport; undefined: the target is no upright rectangle. */
  box: Box | undefined;
  /**
   * `button`: a press anywhere on it does the same. `plain`: so it does, but a caret may go where
   * the press is. `exact`: every point of it may mean something else.
   */
  kind: 'button' | 'plain' | 'exact';
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const BUTTONS = new Set(['BUTTON', 'A', 'LABEL', 'SUMMARY']);
const BUTTON_INPUTS = new Set(['button', 'submit', 'reset', 'checkbox', 'radio']);
const TEXT_INPUTS = new Set(['text', 'search', 'email', 'password', 'url', 'tel']);
const EXACT = new Set(
  'IFRAME FRAME CANVAS VIDEO AUDIO EMBED OBJECT IMG MAP AREA HTML BODY SELECT TEXTAREA'.split(' '),
);
/** A smaller target is hit in its middle. */
const SMALL_PX = 8;
/** Clients aim at the middle; a client that aims elsewhere means that place. */
const MIDDLE_PX = 1.5;
const EDGE_PX = 2;
/** The farthest landing from the middle, as a part of the way to the edge. */
const FARTHEST = 0.7;

const Metrics = z.object({
  cssVisualViewport: z.object({ pageX: z.number(), pageY: z.number(), scale: z.literal(1) }),
});
const Located = z.object({ backendNodeId: z.int(), frameId: z.string() });
const Corner = [z.number(), z.number()] as const;
/** The corners of a rectangle, clockwise from the top left one. */
const Quad = z.tuple([...Corner, ...Corner, ...Corner, ...Corner]);
type Quad = z.infer<typeof Quad>;
const Quads = z.object({ quads: z.array(Quad) });
const Described = z.object({
  node: z.object({
    nodeName: z.string(),
    isSVG: z.boolean().optional(),
    attributes: z.array(z.string()).default([]),
  }),
});

/**
 * Looks at what is under a point, by commands that run no script, so that the page does not see them.
 * Undefined: nothing is there, or the browser does not say.
 */
export async function lookAt(stage: Stage, point: Point): Promise<Target | undefined> {
  const nodeId = await findNode(stage, point);
  if (nodeId === undefined) return undefined;
  const [quads, described] = await Promise.all([
    stage.ask('DOM.getContentQuads', { backendNodeId: nodeId }),
    stage.ask('DOM.describeNode', { backendNodeId: nodeId }),
  ]);
  const { data: shape } = Quads.safeParse(quads);
  const { data: known } = Described.safeParse(described);
  const box = shape?.quads.map(straightBox).find((one) => one && isMiddle(point, one));
  return { nodeId, box, kind: known ? kindOf(known.node) : 'exact' };
}

/** The `backendNodeId` of the node that is hit at a point, which needs no agent to be enabled. */
export async function findNode(stage: Stage, point: Point): Promise<number | undefined> {
  return (await locate(stage, point))?.backendNodeId;
}

/** The node that is hit at a point, and its frame; undefined: the browser does not say. */
export async function locate(stage: Stage, { x, y }: Point) {
  const { data: metrics } = Metrics.safeParse(await stage.ask('Page.getLayoutMetrics', {}));
  if (!metrics) return undefined;
  const { pageX, pageY } = metrics.cssVisualViewport;
  // The command takes whole pixels of the document.
  const at = { x: Math.floor(x + pageX), y: Math.floor(y + pageY) };
  return Located.safeParse(await stage.ask('DOM.getNodeForLocation', at)).data;
}

/** A target with its present place; undefined: it has not moved, or the browser does not say. */
export async function lookAgain(
  stage: Stage,
  { nodeId, box, kind }: Target,
): Promise<(Target & { box: Box }) | undefined> {
  if (!box) return undefined;
  const quads = await stage.ask('DOM.getContentQuads', { backendNodeId: nodeId });
  const { data: shape } = Quads.safeParse(quads);
  const isIt = (one: Box | undefined) => one !== undefined && isSameSize(one, box);
  const now = shape?.quads.map(straightBox).find(isIt);
  const isMoved = now && Math.hypot(now.left - box.left, now.top - box.top) >= 1;
  return isMoved ? { nodeId, kind, box: now } : undefined;
}

/** Where a person would press a target at whose middle a client aims; undefined: where it aims. */
export function chooseLanding(
  { box, kind }: Target,
  { pointer }: Persona,
  random: Random,
): Point | undefined {
  if (!box || kind === 'exact' || Math.min(box.width, box.height) < SMALL_PX) return undefined;
  const draw = () =>
    Math.min(FARTHEST, Math.max(-FARTHEST, pointer.landingSpread * normal(random)));
  const [aside, below] = [draw(), draw()];
  // So a caret still goes to the end of a short text, and to the same line.
  const isCaret = kind === 'plain';
  return {
    x: reach(box.left, box.width, isCaret ? Math.abs(aside) : aside),
    y: reach(box.top, box.height, isCaret ? below / 3 : below),
  };
}

function reach(start: number, length: number, part: number): number {
  const half = Math.max(0, length / 2 - EDGE_PX);
  return Math.round(start + length / 2 + part * half);
}

function straightBox(quad: Quad): Box | undefined {
  const [left, top, right, topRight, rightEnd, bottom, leftEnd, end] = quad;
  const isStraight = top === topRight && right === rightEnd && bottom === end && left === leftEnd;
  return isStraight ? { left, top, width: right - left, height: bottom - top } : undefined;
}

function isSameSize(one: Box, other: Box): boolean {
  return Math.abs(one.width - other.width) < 1 && Math.abs(one.height - other.height) < 1;
}

function isMiddle({ x, y }: Point, { left, top, width, height }: Box): boolean {
  const [aside, below] = [x - left - width / 2, y - top - height / 2];
  return Math.abs(aside) <= MIDDLE_PX && Math.abs(below) <= MIDDLE_PX;
}

function kindOf(node: z.infer<typeof Described>['node']): Target['kind'] {
  const { nodeName, isSVG, attributes } = node;
  if (isSVG || EXACT.has(nodeName)) return 'exact';
  if (BUTTONS.has(nodeName)) return 'button';
  if (nodeName !== 'INPUT') return 'plain';
  const at = attributes.findIndex((name, index) => index % 2 === 0 && name === 'type');
  const type = at < 0 ? 'text' : (attributes[at + 1] ?? '').toLowerCase();
  if (BUTTON_INPUTS.has(type)) return 'button';
  return TEXT_INPUTS.has(type) ? 'plain' : 'exact';
}
