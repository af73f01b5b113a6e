import { createHash } from 'node:crypto';
import { PERSONA_ID_MAX } from './persona-id.ts';
import { seededRandom } from './random.ts';

/**
 * How one person moves a mouse and types. All values follow from the persona's id, by arithmetic
 * that gives the same results on every machine.
 */
export interface Persona {
  pointer: {
    /** How long a movement takes whatever its difficulty, in ms: `a` of Fitts' law. */
    startMs: number;
    /** How long each bit of difficulty takes, in ms: `b` of Fitts' law. */
    bitMs: number;
    /** How far paths bow to one side, as a part of their length; negative: to the other side. */
    bow: number;
    /** How much the bow varies. */
    bowSpread: number;
    /** Physiological tremor lies between 8 and 12 Hz. */
    tremorHz: number;
    tremorPx: number;
    /** How often a movement goes beyond its target and is corrected, from 0 to 1. */
    overshootRate: number;
    /** Between two positions, in ms. */
    sampleMs: number;
    /** From arriving to pressing, in ms. */
    settleMs: number;
    /** From pressing to releasing, in ms. */
    pressMs: number;
    /** From the end of a click to the next one of a double click, in ms. */
    againMs: number;
    /** How far clicks are from the middle of their target, as a part of the way to its edge. */
    landingSpread: number;
  };
  wheel: {
    /** How much one event scrolls at most, in CSS pixels. */
    stepPx: number;
    /** Between two events, in ms. */
    intervalMs: number;
  };
  typing: {
    /** From pressing one key to pressing the next, in ms: a median. */
    intervalMs: number;
    /** The spread of the interval's logarithm. */
    intervalSigma: number;
    /** From pressing a key to releasing it, in ms: a median. */
    dwellMs: number;
    dwellSigma: number;
    /** How much time another hand saves, and the same finger costs, in ms. */
    handMs: number;
    /** The pause before a new word, in ms. */
    wordMs: number;
    /** How often the persona stops to look, per word: where people mistype and correct. */
    doubtRate: number;
    doubtMs: number;
  };
}

/**
 * Ranges are at the faster end of what is published of adults, since programs pay for every wait.
 * Pointing: Soukoreff & MacKenzie 2004, "Towards a standard for pointing device evaluation", where
 * studies of the mouse come to 3.7 to 4.9 bits a second, all included. Typing: Dhakal et al. 2018,
 * "Observations on typing from 136 million keystrokes".
 */
export function personaOf(id: number): Persona {
  const random = seededRandom(`bctrl persona ${id}`);
  const between = (low: number, high: number) => low + (high - low) * random();
  return {
    pointer: {
      startMs: between(50, 150),
      bitMs: between(110, 190),
      bow: between(-0.09, 0.09),
      bowSpread: between(0.02, 0.05),
      tremorHz: between(8, 12),
      tremorPx: between(0.2, 0.7),
      overshootRate: between(0.05, 0.3),
      sampleMs: between(9, 15),
      settleMs: between(40, 140),
      pressMs: between(60, 120),
      againMs: between(70, 150),
      landingSpread: between(0.15, 0.4),
    },
    wheel: { stepPx: between(24, 60), intervalMs: between(12, 24) },
    typing: {
      intervalMs: between(90, 190),
      intervalSigma: between(0.18, 0.35),
      dwellMs: between(65, 115),
      dwellSigma: between(0.12, 0.25),
      handMs: between(15, 30),
      wordMs: between(30, 120),
      doubtRate: between(0.01, 0.06),
      doubtMs: between(250, 600),
    },
  };
}

/** The persona of an identity that was given none. */
export function personaIdFor(identity: string): number {
  const digest = createHash('sha256').update(`bctrl persona for ${identity}`).digest();
  return digest.readUInt32LE(0) & PERSONA_ID_MAX;
}
