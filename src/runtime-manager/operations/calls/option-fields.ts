/** The options that several calls share, without `timeout` and `signal`: a step has its own. */
import { z } from 'zod';
import {
  flag,
  locator,
  milliseconds,
  number,
  resultPath,
  text,
  textOrPattern,
} from './arguments.ts';

const point = z.strictObject({ x: number, y: number });
const button = z.enum(['left', 'right', 'middle']);
const modifiers = z.array(z.enum(['Alt', 'Control', 'ControlOrMeta', 'Meta', 'Shift']));
const scroll = z.enum(['auto', 'none']);
const clickCount = z.int().min(1).max(10);
const steps = z.int().min(1).max(1000);

/** On a page, a selector may have to match one element alone. */
export const STRICT = { strict: flag };
export const FILL = { force: flag, noWaitAfter: flag };
export const TYPE = { delay: milliseconds, noWaitAfter: flag };
const ACT = { ...FILL, scroll, trial: flag };
export const CHECK = { ...ACT, position: point };
export const HOVER = { ...CHECK, modifiers };
export const DOUBLE_CLICK = { ...HOVER, button, delay: milliseconds };
export const CLICK = { ...DOUBLE_CLICK, clickCount };
export const DRAG = { ...ACT, sourcePosition: point, targetPosition: point, steps };
export const POINTER_STEPS = { steps };
export const MOUSE_BUTTON = { button, clickCount };
export const DELAY = { delay: milliseconds };

export const EXACT = { exact: flag };
export const CONTENT = {
  has: locator,
  hasNot: locator,
  hasText: textOrPattern,
  hasNotText: textOrPattern,
};
export const ROLE = {
  checked: flag,
  description: textOrPattern,
  disabled: flag,
  exact: flag,
  expanded: flag,
  includeHidden: flag,
  level: z.int().min(1),
  name: textOrPattern,
  pressed: flag,
  selected: flag,
};
export const ARIA_SNAPSHOT = {
  boxes: flag,
  depth: z.int().min(0),
  mode: z.enum(['ai', 'default']),
};

export const SCREENSHOT = {
  animations: z.enum(['disabled', 'allow']),
  caret: z.enum(['hide', 'initial']),
  mask: z.array(locator),
  maskColor: text,
  omitBackground: flag,
  path: resultPath,
  quality: z.int().min(0).max(100),
  scale: z.enum(['css', 'device']),
  style: text,
  type: z.enum(['png', 'jpeg', 'webp']),
};
export const PAGE_SCREENSHOT = {
  ...SCREENSHOT,
  clip: z.strictObject({ x: number, y: number, width: number, height: number }),
  fullPage: flag,
};

const length = z.union([z.string(), z.number()], { error: 'Must be a length, such as "2cm"' });
export const PDF = {
  displayHeaderFooter: flag,
  footerTemplate: text,
  format: text,
  headerTemplate: text,
  height: length,
  landscape: flag,
  margin: z.strictObject({
    top: length.exactOptional(),
    right: length.exactOptional(),
    bottom: length.exactOptional(),
    left: length.exactOptional(),
  }),
  outline: flag,
  pageRanges: text,
  path: resultPath,
  preferCSSPageSize: flag,
  printBackground: flag,
  scale: number,
  tagged: flag,
  width: length,
};
export const MEDIA = {
  colorScheme: z.enum(['light', 'dark', 'no-preference']).nullable(),
  contrast: z.enum(['no-preference', 'more']).nullable(),
  forcedColors: z.enum(['active', 'none']).nullable(),
  media: z.enum(['screen', 'print']).nullable(),
  reducedMotion: z.enum(['reduce', 'no-preference']).nullable(),
};
