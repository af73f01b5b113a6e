import type { announcements } from './announcements.ts';
import type { captchaList } from './captcha-list.ts';
import type { description } from './description.ts';
import type { elements } from './elements.ts';
import type { imageCaptchas } from './image-captchas.ts';
import type { scores } from './scores.ts';
import type { solutions } from './solutions.ts';
import type { tokenFields } from './token-fields.ts';
import type { tokenWidgets } from './token-widgets.ts';
import type { vendors } from './vendors.ts';
import type { workWidgets } from './work-widgets.ts';

/** What detection is made of: a part knows others only by its arguments. */
export interface DetectionParts {
  elements: typeof elements;
  captchaList: typeof captchaList;
  vendors: typeof vendors;
  scores: typeof scores;
  tokenFields: typeof tokenFields;
  tokenWidgets: typeof tokenWidgets;
  workWidgets: typeof workWidgets;
  imageCaptchas: typeof imageCaptchas;
  solutions: typeof solutions;
  description: typeof description;
  announcements: typeof announcements;
}

/**
 * Finds the captchas of a document, and puts their solutions into it. Detection looks again and again
 * instead of listening, because a response that is emptied changes no attribute.
 */
export function detection(parts: DetectionParts) {
  const page = parts.elements();
  const list = parts.captchaList();
  const presentVendors = parts.vendors(page);
  const fields = parts.tokenFields(page);
  const findScore = parts.scores(page, list);
  const findTokens = parts.tokenWidgets(page, fields, list);
  const findWork = parts.workWidgets(page, list);
  const images = parts.imageCaptchas(page, list);
  const { isSolved, put, type, outcome } = parts.solutions(page, fields, list);
  const findUnsolved = () => {
    list.forgetGone();
    for (const vendor of presentVendors()) {
      findScore(vendor);
      findTokens(vendor);
    }
    findWork();
    images.find();
    return list.all().filter((captcha) => !isSolved(captcha));
  };
  return {
    ...parts.announcements(findUnsolved, parts.description(page), list),
    anchor: (id: number) => list.find(id)?.anchor,
    outcome: (id: number) => outcome(list.get(id)),
    image: (id: number) => images.read(list.get(id).anchor),
    put,
    type,
  };
}
