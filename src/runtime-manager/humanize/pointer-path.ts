import type { Persona } from './persona.ts';
import { logNormal, normal, type Random } from './random.ts';

/** A place on a page, in CSS pixels of its viewport. */
export interface Point {
  x: number;
  y: number;
}

/** Where the pointer is, `atMs` after it set out. */
export interface PathPoint extends Point {
  atMs: number;
}

export interface Aim {
  from: Point;
  to: Point;
  /** The target's smaller side, in CSS pixels: small targets take longer. */
  targetPx: number;
  /** Whether the pointer may go beyond the target first. */
  mayOvershoot: boolean;
  /** How long the movement may take. */
  maxMs: number;
}

const DURATION_SIGMA = 0.12;
/** When the correction begins, as a part of a movement's time. */
const CORRECTION_AT = 0.72;
const CORRECTION_MIN_MS = 90;
const OVERSHOOT_MAX_PX = 24;
const SHORT_PX = 20;

export function distance(from: Point, to: Point): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/**
 * The time a movement takes by Fitts' law (Fitts 1954), in the Shannon form of MacKenzie (1992):
 * `a + b · log2(D / W + 1)`.
 */
export function movementMs(lengthPx: number, targetPx: number, { pointer }: Persona): number {
  return pointer.startMs + pointer.bitMs * Math.log2(lengthPx / Math.max(targetPx, 1) + 1);
}

/**
 * How much of the way is done after a part of the time, both from 0 to 1: the course of least jerk
 * (Flash & Hogan 1985), `10t³ − 15t⁴ + 6t⁵`. The curve of its speed is a bell.
 */
export function minimumJerk(part: number): number {
  const t = Math.min(1, Math.max(0, part));
  return t * t * t * (10 + t * (6 * t - 15));
}

/**
 * The way of a pointer to a target, which ends exactly there. It has a first movement of least jerk,
 * in a bow, and now and then a second one that corrects a first that went too far (the submovements
 * of Meyer et al. 1988, whose spread is about proportional to the speed). A tremor fades as the
 * pointer arrives. The way takes as long as Fitts' law says, or `maxMs`. Its points are whole pixels,
 * as mice have them, except the last.
 */
export function planPath(aim: Aim, persona: Persona, random: Random): PathPoint[] {
  const { from, to, targetPx, maxMs } = aim;
  const { pointer } = persona;
  const lengthPx = distance(from, to);
  if (lengthPx < 1) return [{ ...to, atMs: 0 }];
  const wantedMs = logNormal(random, movementMs(lengthPx, targetPx, persona), DURATION_SIGMA);
  const bow = drawBow(lengthPx, persona, random);
  const beyondPx = drawOvershoot(aim, lengthPx, persona, random);
  const tremor = drawTremor(persona, random);
  const durationMs = Math.min(maxMs, wantedMs + (beyondPx > 0 ? CORRECTION_MIN_MS : 0));
  const unit = { x: (to.x - from.x) / lengthPx, y: (to.y - from.y) / lengthPx };
  const path: PathPoint[] = [];
  for (
    let atMs = sample(pointer.sampleMs, random);
    atMs < durationMs - pointer.sampleMs / 2;
    atMs += sample(pointer.sampleMs, random)
  ) {
    const part = atMs / durationMs;
    const { along, aside } = course(part, lengthPx, beyondPx, bow);
    const shake = tremor(atMs, 1 - part);
    const x = Math.max(0, Math.round(from.x + unit.x * along - unit.y * aside + shake.x));
    const y = Math.max(0, Math.round(from.y + unit.y * along + unit.x * aside + shake.y));
    // A mouse that does not move says nothing.
    const before = path.at(-1) ?? from;
    if (before.x !== x || before.y !== y) path.push({ x, y, atMs });
  }
  path.push({ ...to, atMs: durationMs });
  return path;
}

/** Where the pointer is after a part of the time: along the straight way, and beside it. */
function course(part: number, lengthPx: number, beyondPx: number, bow: Bow) {
  if (beyondPx === 0) {
    const done = minimumJerk(part);
    return { along: lengthPx * done, aside: lengthPx * bow.height * bowed(done, bow.peak) };
  }
  const first = minimumJerk(part / CORRECTION_AT);
  const back = minimumJerk((part - CORRECTION_AT) / (1 - CORRECTION_AT));
  return {
    along: (lengthPx + beyondPx) * first - beyondPx * back,
    aside: lengthPx * bow.height * bowed(first, bow.peak),
  };
}

interface Bow {
  /** As a part of the length. */
  height: number;
  /** Where on the way the bow is highest, from 0 to 1. */
  peak: number;
}

function drawBow(lengthPx: number, { pointer }: Persona, random: Random): Bow {
  // A short way is nearly straight.
  const size = lengthPx / (lengthPx + SHORT_PX);
  const height = (pointer.bow + pointer.bowSpread * normal(random)) * size;
  return { height, peak: 0.35 + 0.3 * random() };
}

/** 0 at both ends, 1 at the peak. */
function bowed(done: number, peak: number): number {
  const power = Math.log(0.5) / Math.log(peak);
  return Math.sin(Math.PI * Math.min(1, Math.max(0, done) ** power));
}

function drawOvershoot(
  { mayOvershoot, targetPx }: Aim,
  lengthPx: number,
  { pointer }: Persona,
  random: Random,
): number {
  const isDrawn = random() < pointer.overshootRate;
  const beyondPx = Math.abs(normal(random)) * 0.04 * lengthPx + targetPx / 4;
  return isDrawn && mayOvershoot && lengthPx > 4 * SHORT_PX
    ? Math.min(OVERSHOOT_MAX_PX, beyondPx)
    : 0;
}

function drawTremor({ pointer }: Persona, random: Random) {
  const [phaseX, phaseY] = [random() * 2 * Math.PI, random() * 2 * Math.PI];
  const { tremorHz, tremorPx } = pointer;
  return (atMs: number, strength: number): Point => {
    const turn = (2 * Math.PI * tremorHz * atMs) / 1000;
    const px = tremorPx * strength;
    return { x: px * Math.sin(turn + phaseX), y: px * Math.sin(turn * 1.13 + phaseY) };
  };
}

/** Positions come in a rhythm that is not quite even. */
function sample(ms: number, random: Random): number {
  return ms * (0.8 + 0.4 * random());
}
