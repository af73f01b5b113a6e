import { randomUUID } from 'node:crypto';
import type { BrowserConfig } from '../runtime/launch.ts';
import { personaIdFor, personaOf, type Persona } from './persona.ts';
import type { Point } from './pointer-path.ts';
import { seededRandom, type Random } from './random.ts';

export interface HumanizerOptions {
  personaId: number;
  /** How long a command of a client may be delayed. */
  maxDelayMs: number;
  /** Makes all draws repeatable; without it no two runtimes move alike, even with one persona. */
  seed?: string;
}

/** The person at a runtime's mouse and keyboard, whoever drives it. */
export class Humanizer {
  readonly persona: Persona;
  readonly maxDelayMs: number;
  readonly random: Random;
  /** Where the pointer was left, in any page. */
  lastPointer: Point | undefined;

  constructor({ personaId, maxDelayMs, seed = randomUUID() }: HumanizerOptions) {
    this.persona = personaOf(personaId);
    this.maxDelayMs = maxDelayMs;
    this.random = seededRandom(`bctrl draws ${seed}`);
  }

  /** Where the pointer enters a page from. */
  enterFor({ x, y }: Point): Point {
    if (this.lastPointer) return this.lastPointer;
    const lengthPx = 150 + 300 * this.random();
    const turn = 2 * Math.PI * this.random();
    return {
      x: Math.round(Math.abs(x + lengthPx * Math.cos(turn))),
      y: Math.round(Math.abs(y + lengthPx * Math.sin(turn))),
    };
  }
}

/** The humanizer that a runtime's launch or profile asks for; undefined: none is asked for. */
export function humanizerFor(
  { id, profileId }: { id: string; profileId: string | undefined },
  { humanize, humanizePersonaId }: BrowserConfig,
  maxDelayMs: number,
): Humanizer | undefined {
  if (!humanize) return undefined;
  const personaId = humanizePersonaId ?? personaIdFor(profileId ?? id);
  return new Humanizer({ personaId, maxDelayMs });
}
