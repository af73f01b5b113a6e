/** What is asked for under one name. */
interface Wanted {
  selector: string;
  attributes?: string[];
  limit: number;
}

interface Limits {
  /** Of one text, or one element as HTML. */
  most: number;
  /** Of all that is found. */
  mostOfAll: number;
}

interface Match {
  text: string;
  html: string;
  attributes: Record<string, string>;
  isTruncated: boolean;
}

/** Reads the elements that are asked for, by their names; null: that is more than an answer may have. */
export function scrape(
  wanted: Record<string, Wanted>,
  { most, mostOfAll }: Limits,
): { title: string; elements: Record<string, Match[]> } | null {
  let length = 0;
  const cut = (text: string) => text.slice(0, most);
  // A page's elements can hide what they have from prototypes.
  const read = (element: Element, { attributes }: Wanted): Match => {
    const get = (name: string) => Element.prototype.getAttribute.call(element, name);
    const html = Reflect.get(Element.prototype, 'outerHTML', element);
    const shown: unknown =
      element instanceof HTMLElement
        ? Reflect.get(HTMLElement.prototype, 'innerText', element)
        : Reflect.get(Node.prototype, 'textContent', element);
    const text = String(shown).trim();
    const names: string[] = attributes ?? Element.prototype.getAttributeNames.call(element);
    const pairs = names.flatMap((name) => {
      const value = get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const isLong = [text, html, ...pairs.map(([, value]) => value)].some(
      (one) => one.length > most,
    );
    const match = {
      text: cut(text),
      html: cut(html),
      attributes: Object.fromEntries(pairs.map(([name, value]) => [name, cut(value)])),
      isTruncated: isLong,
    };
    length += JSON.stringify(match).length;
    return match;
  };
  const elements: Record<string, Match[]> = {};
  for (const [name, one] of Object.entries(wanted)) {
    const matches = [...Document.prototype.querySelectorAll.call(document, one.selector)];
    elements[name] = [];
    for (const element of matches.slice(0, one.limit)) {
      elements[name].push(read(element, one));
      if (length > mostOfAll) return null;
    }
  }
  return { title: Reflect.get(Document.prototype, 'title', document), elements };
}
