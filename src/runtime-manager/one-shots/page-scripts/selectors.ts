/** Why each of these is no selector; null for those that are. */
export function refusals(selectors: string[]): (string | null)[] {
  const nowhere = document.createDocumentFragment();
  return selectors.map((selector) => {
    try {
      nowhere.querySelector(selector);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
}

/** Resolves when an element of the document matches. */
export function appearance(selector: string): Promise<void> {
  return new Promise((found) => {
    const look = () => {
      // A page's elements can hide what `document` has.
      if (Document.prototype.querySelector.call(document, selector)) found();
      else setTimeout(look, 30);
    };
    look();
  });
}

/** Resolves with where the first match with a size is in the page, in CSS pixels, once there is one. */
export function box(
  selector: string,
): Promise<{ x: number; y: number; width: number; height: number }> {
  return new Promise((found) => {
    const look = () => {
      const matches = [...Document.prototype.querySelectorAll.call(document, selector)];
      for (const element of matches) {
        Element.prototype.scrollIntoView.call(element, { behavior: 'instant', block: 'nearest' });
        const { x, y, width, height } = Element.prototype.getBoundingClientRect.call(element);
        if (width > 0 && height > 0) {
          return found({ x: x + scrollX, y: y + scrollY, width, height });
        }
      }
      setTimeout(look, 30);
    };
    look();
  });
}
