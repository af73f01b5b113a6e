import { RuntimeError } from '../errors.ts';

/** Why no picture of a page could be taken. */
const REASONS = {
  crashed: 'The page has crashed.',
  no_answer: 'The page does not draw itself: its scripts are busy, or it shows a dialog.',
  busy: 'Too many other pictures of the runtime are being taken.',
} as const;

/** `pageId` undefined: there is no page at all. */
export function pageNotFound(pageId: string | undefined, cause?: unknown): RuntimeError {
  const message =
    pageId === undefined ? 'The browser has no page.' : 'The browser has no page with this id.';
  return new RuntimeError('page.not_found', message, { cause });
}

export function pageUnavailable(
  pageId: string,
  reason: keyof typeof REASONS,
  cause?: unknown,
): RuntimeError {
  const details = { pageId, reason };
  return new RuntimeError('page.unavailable', REASONS[reason], { details, cause });
}
