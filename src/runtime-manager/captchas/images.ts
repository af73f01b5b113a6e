import { z } from 'zod';
import type { PageDocument } from '../browser/page-documents.ts';
import { withDetection } from './detection.ts';
import type { FoundCaptcha } from './found-captcha.ts';
import type { Solution, Solver } from './solver.ts';
import { imageTask } from './solver-tasks.ts';

const Image = z.union([z.object({ bytes: z.string() }), z.object({ url: z.string() })]);

/** Has an image read, and types what it says. Throws as `Solver.solve`. */
export async function solveImage(
  document: PageDocument,
  { id }: FoundCaptcha,
  solver: Solver,
  signal: AbortSignal,
): Promise<Solution> {
  const image = await document.ask(withDetection(`captchas.image(${id})`), Image, signal);
  const bytes = 'bytes' in image ? image.bytes : await document.resource(image.url, signal);
  const solution = await solver.solve(imageTask(bytes), signal);
  const type = `captchas.type(${id}, ${JSON.stringify(solution.text)})`;
  await document.ask(withDetection(type), z.unknown(), signal);
  return solution;
}
