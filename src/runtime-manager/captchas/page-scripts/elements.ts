/** An element that a solution is put into. */
export type Field = HTMLInputElement | HTMLTextAreaElement;

/** Reads a document by prototypes, since a page's elements can hide what `document` has. */
export function elements() {
  const data = (element: Element, name: string): string | undefined =>
    element.getAttribute(`data-${name}`) || undefined;
  const isA =
    <Tag extends keyof HTMLElementTagNameMap>(tag: Tag) =>
    (element: Element): element is HTMLElementTagNameMap[Tag] =>
      element.localName === tag;
  return {
    /** All matches in the whole document, or within one element. */
    all: (selector: string, from?: Element): Element[] => [
      ...(from
        ? Element.prototype.querySelectorAll.call(from, selector)
        : Document.prototype.querySelectorAll.call(document, selector)),
    ],
    closest: (element: Element, selector: string): Element | null =>
      Element.prototype.closest.call(element, selector),
    isA,
    isField: (element: Element): element is Field =>
      isA('input')(element) || isA('textarea')(element),
    isButton: (element: Element): boolean =>
      Element.prototype.matches.call(element, 'button, input'),
    isShown: (element: Element | null): boolean =>
      element !== null && getComputedStyle(element).display !== 'none',
    /** The value of an attribute `data-…`; undefined: the attribute is absent, or empty. */
    data,
    /** The input that an image names to take its text. */
    inputOf: (image: Element): Field | undefined => {
      const input = document.getElementById(data(image, 'captcha-input') ?? '');
      return input && (isA('input')(input) || isA('textarea')(input)) ? input : undefined;
    },
  };
}
