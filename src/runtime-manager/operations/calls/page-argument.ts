import { z } from 'zod';
import { type JsonWithHandles, PageArgument, Reference } from './stand-ins.ts';

/** As deep as Playwright itself takes an argument. */
const MOST_DEPTH = 100;
const TOO_DEEP = `Is nested more than ${MOST_DEPTH} levels deep`;

/** What a function in the page is given. */
export const pageArgument = z.unknown().transform((given, context): PageArgument => {
  if (isWithin(given, MOST_DEPTH)) return new PageArgument(readJson(given));
  context.addIssue({ code: 'custom', message: TOO_DEEP });
  return z.NEVER;
});

/** The fields of an event that a page is sent. */
export const eventInit = z
  .record(z.string(), z.unknown())
  .refine((given) => isWithin(given, MOST_DEPTH), TOO_DEEP);

function isWithin(given: unknown, depth: number): boolean {
  if (typeof given !== 'object' || given === null) return true;
  return depth > 0 && Object.values(given).every((value) => isWithin(value, depth - 1));
}

function readJson(given: unknown): JsonWithHandles {
  if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean') {
    return given;
  }
  if (typeof given !== 'object' || given === null) return null;
  if (Array.isArray(given)) return given.map(readJson);
  const entries = Object.entries(given);
  const [[key, alias] = []] = entries;
  if (entries.length === 1 && key === 'handle' && typeof alias === 'string') {
    return new Reference('jsHandle', alias);
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, readJson(value)]));
}
