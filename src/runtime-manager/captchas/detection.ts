import { z } from 'zod';
import { sourceOf } from '../browser/pages/page-script.ts';
import { announcements } from './page-scripts/announcements.ts';
import { captchaList } from './page-scripts/captcha-list.ts';
import { description } from './page-scripts/description.ts';
import { detection, type DetectionParts } from './page-scripts/detection.ts';
import { elements } from './page-scripts/elements.ts';
import { imageCaptchas } from './page-scripts/image-captchas.ts';
import { scores } from './page-scripts/scores.ts';
import { solutions } from './page-scripts/solutions.ts';
import { tokenFields } from './page-scripts/token-fields.ts';
import { tokenWidgets } from './page-scripts/token-widgets.ts';
import { vendors } from './page-scripts/vendors.ts';
import { workWidgets } from './page-scripts/work-widgets.ts';

const PARTS: DetectionParts = {
  elements,
  captchaList,
  vendors,
  scores,
  tokenFields,
  tokenWidgets,
  workWidgets,
  imageCaptchas,
  solutions,
  description,
  announcements,
};

/** Evaluated in a world of our own, in which `captchas` is kept. */
const DETECTION = `globalThis.captchas ??= (${sourceOf(detection)})({
${Object.entries(PARTS)
  .map(([name, part]) => `${name}: ${sourceOf(part)}`)
  .join(',\n')}
});`;

type Detection = ReturnType<typeof detection>;

/** What became of a solution: put in its place, or too late for that. */
export const Placed = z.enum(['put', 'solved', 'gone']);

/**
 * An expression that asks a document's detection, with arguments of JSON. The expression brings
 * detection with it, which does nothing where it is already.
 */
export function askDetection<Question extends keyof Detection>(
  question: Question,
  ...args: Parameters<Detection[Question]>
): string {
  const values = args.map((arg) => JSON.stringify(arg)).join();
  return `${DETECTION}\ncaptchas.${question}(${values})`;
}
