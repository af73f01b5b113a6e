import { z } from 'zod';

/**
 * What the two ends of a line say to each other. What only another version says is ignored, and
 * what is left out of a message as well.
 */

const id = z.int();
const subject = z.string();
const message = z.unknown().optional();

/** An API process to a node. */
export const FromApi = z.discriminatedUnion('is', [
  z.object({ is: z.literal('request'), id, subject, message }),
  /** The answer is here. */
  z.object({ is: z.literal('confirmation'), id }),
  z.object({ is: z.literal('news'), subject, message }),
]);
export type FromApi = z.infer<typeof FromApi>;

/** A node to an API process. */
export const FromNode = z.discriminatedUnion('is', [
  z.object({ is: z.literal('answer'), id, message }),
  /** Nobody serves the subject of the request. */
  z.object({ is: z.literal('nobody'), id }),
]);
export type FromNode = z.infer<typeof FromNode>;
