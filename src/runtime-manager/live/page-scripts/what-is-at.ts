import type { fieldAfterTouch } from './focus.ts';

/** An input whose picker is open, or a select list that is. */
interface OpenControl {
  kind: 'popup' | 'picker';
  at: [number, number, number, number];
  type: string;
  value: string;
  min: string;
  max: string;
  step: string;
  options: { label: string; group: string | null; isDisabled: boolean; isSelected: boolean }[];
}

/** What the pointer looks like over an element. */
export function cursorOf(element: Element): string {
  const { cursor } = getComputedStyle(element);
  if (cursor !== 'auto') return cursor.replaceAll(/url\([^)]*\)[^,]*,\s*/g, '');
  if (element.closest('a[href]')) return 'pointer';
  const takesText =
    element.matches('textarea, [contenteditable], input:not([type])') ||
    (element instanceof HTMLInputElement &&
      /^(?:text|search|email|url|tel|password|number)$/.test(element.type));
  return takesText ? 'text' : 'default';
}

/** How much of a list is told. */
interface ListLimits {
  optionsMax: number;
  /** In characters. */
  labelMax: number;
}

/** The scripts of this folder that it calls. */
interface Scripts {
  cursorOf: typeof cursorOf;
  /** Only after a touch. */
  fieldAfterTouch: typeof fieldAfterTouch | null;
}

/** What is at a point of a document: what the pointer looks like there, what has opened there, and what has the focus. */
export function whatIsAt(
  x: number,
  y: number,
  scripts: Scripts,
  { optionsMax, labelMax }: ListLimits,
) {
  const deepest = (root: DocumentOrShadowRoot): Element | null => {
    const element = root.elementFromPoint(x, y);
    const shadow = element?.shadowRoot;
    return shadow && shadow !== root ? (deepest(shadow) ?? element) : element;
  };
  const optionsOf = (select: HTMLSelectElement): OpenControl['options'] =>
    [...select.options].slice(0, optionsMax).map((option) => {
      const group = option.parentElement instanceof HTMLOptGroupElement && option.parentElement;
      return {
        label: option.label.slice(0, labelMax),
        group: group ? group.label.slice(0, labelMax) : null,
        isDisabled: option.disabled || (group ? group.disabled : false),
        isSelected: option.selected,
      };
    });
  const opened = (element: Element): OpenControl | null => {
    const select = element.closest('select');
    const control = select ?? element.closest('input');
    if (!control?.matches(':open')) return null;
    // Nothing of the page sees this world.
    Object.assign(globalThis, { openControl: control });
    const { left, top, width, height } = control.getBoundingClientRect();
    const at: OpenControl['at'] = [left, top, width, height];
    const { type, value } = control;
    const [kind, options] = select
      ? ['popup' as const, optionsOf(select)]
      : ['picker' as const, []];
    const { min, max, step } =
      control instanceof HTMLInputElement ? control : { min: '', max: '', step: '' };
    return { kind, at, type, value: value.slice(0, labelMax), min, max, step, options };
  };
  const element = deepest(document);
  if (!element) return { cursor: 'default', frame: null, open: null, field: null };
  if (element instanceof HTMLIFrameElement || element.tagName === 'FRAME') {
    const { left, top } = element.getBoundingClientRect();
    const { paddingLeft, paddingTop } = getComputedStyle(element);
    const frame = [
      left + element.clientLeft + parseFloat(paddingLeft),
      top + element.clientTop + parseFloat(paddingTop),
    ];
    return { cursor: 'default', frame, open: null, field: null };
  }
  const field = scripts.fieldAfterTouch?.(element) ?? null;
  return { cursor: scripts.cursorOf(element), frame: null, open: opened(element), field };
}
