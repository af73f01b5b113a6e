import { z } from 'zod';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import { captchaError } from './error.ts';
import { askDetection, Placed } from './detection.ts';
import type { FoundCaptcha } from './found.ts';
import type { Solution, Solver } from './solver.ts';
import { imageTask } from './solver-tasks.ts';

const Image = z.union([z.object({ bytes: z.string() }), z.object({ url: z.string() })]);

/**
 * Has an image read, and types its text. Throws as `Solver.solve`, or `captcha.page_gone` when the
 * captcha went away meanwhile.
 */
export async function solveImage(
  document: PageDocument,
  { id }: FoundCaptcha,
  solver: Solver,
  signal: AbortSignal,
): Promise<Solution> {
  const image = await document.ask(askDetection('image', id), Image, signal);
  const bytes = 'bytes' in image ? image.bytes : await document.resource(image.url, signal);
  const solution = await solver.solve(imageTask(bytes), signal);
  const placed = await document.ask(askDetection('type', id, solution.text), Placed, signal);
  if (placed === 'gone') throw captchaError('captcha.page_gone');
  return solution;
}
