import { z } from 'zod';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import { pageFunction } from '../browser/pages/page-script.ts';
import { captchaError } from './error.ts';
import { askDetection } from './detection.ts';
import type { FoundCaptcha } from './found.ts';
import type { ProofOfWorkKind } from './kinds.ts';
import { startWork } from './page-scripts/start-work.ts';

const Outcome = z.enum(['solved', 'refused']);

/**
 * Lets a widget do its work, as a click on it would, and waits for the response. Throws
 * `captcha.rejected` when the widget's own server does not take the work.
 */
export async function proveWork(
  document: PageDocument,
  { id }: FoundCaptcha,
  kind: ProofOfWorkKind,
  signal: AbortSignal,
): Promise<void> {
  await document.callOn(
    askDetection('anchor', id),
    pageFunction(startWork, kind),
    z.unknown(),
    signal,
  );
  const outcome = await document.ask(askDetection('outcome', id), Outcome, signal);
  if (outcome === 'refused') throw captchaError('captcha.rejected');
}
