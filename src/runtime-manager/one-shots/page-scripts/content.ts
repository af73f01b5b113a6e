/** The document as it is now, as HTML. */
export function content(): string {
  // A page's elements can hide what `document` has.
  const own = (name: 'doctype' | 'documentElement'): unknown =>
    Reflect.get(Document.prototype, name, document);
  const doctype = own('doctype');
  const root = own('documentElement');
  const html = root instanceof Element ? Reflect.get(Element.prototype, 'outerHTML', root) : '';
  if (!(doctype instanceof DocumentType)) return html;
  return `${new XMLSerializer().serializeToString(doctype)}\n${html}`;
}

/** Where the document came from, and with which status; 0: it is not known. */
export function source(): { url: string; status: number } {
  const [navigation] = performance.getEntriesByType('navigation');
  const status = navigation instanceof PerformanceNavigationTiming ? navigation.responseStatus : 0;
  return { url: location.href, status };
}

/** The error that Chromium's own page tells of. */
export function shownError(): string | null {
  const name = /\bERR_[A-Z0-9_]+/.exec(document.documentElement.outerHTML)?.[0];
  return name === undefined ? null : `net::${name}`;
}
