declare global {
  /** The field that had the focus after the last touch, in the service's own world. */
  var focusedField: Element | undefined;
}

/** The field that has the focus in a document after a touch there, and whether the touch was for it. */
export function fieldAfterTouch(touched: Element) {
  const deepest = (root: DocumentOrShadowRoot): Element | null => {
    const element = root.activeElement;
    const shadow = element?.shadowRoot;
    return shadow ? (deepest(shadow) ?? element) : element;
  };
  const kinds = ['text', 'email', 'tel', 'number', 'url', 'search', 'password'] as const;
  const known = (name: string) => kinds.find((kind) => kind === name);
  const kindOf = (field: Element) => {
    const wanted = field instanceof HTMLElement ? field.inputMode : '';
    const type = field instanceof HTMLInputElement ? field.type : 'text';
    if (wanted === 'numeric' || wanted === 'decimal') return 'number';
    return known(wanted) ?? known(type) ?? 'text';
  };
  const element = deepest(document);
  const takesText =
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement && known(element.type) !== undefined);
  const isField = takesText
    ? !element.readOnly && !element.disabled
    : element instanceof HTMLElement && element.isContentEditable;
  const before = globalThis.focusedField;
  const field = isField ? element : undefined;
  // Nothing of the page sees this world.
  Object.assign(globalThis, { focusedField: field });
  if (!field) return null;
  const { left, top, width, height } = field.getBoundingClientRect();
  const at: [number, number, number, number] = [left, top, width, height];
  return { at, isChosen: field !== before || field.contains(touched), kind: kindOf(field) };
}

/** What has the focus in a document: the beginning of the selected text, or that a frame has it. */
export function selectedText(most: number): { isFrame: boolean; text: string } {
  const deepest = (root: DocumentOrShadowRoot): Element | null => {
    const element = root.activeElement;
    const shadow = element?.shadowRoot;
    return shadow ? (deepest(shadow) ?? element) : element;
  };
  const element = deepest(document);
  if (element instanceof HTMLIFrameElement || element?.tagName === 'FRAME') {
    return { isFrame: true, text: '' };
  }
  const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  if (!isField) {
    const text = most === 0 ? '' : String(getSelection() ?? '').slice(0, most);
    return { isFrame: false, text };
  }
  if (element.type === 'password') return { isFrame: false, text: '' };
  // Some inputs, such as those for numbers, tell of no selection.
  const { selectionStart, selectionEnd, value } = element;
  if (selectionStart === null || selectionEnd === null)
    return { isFrame: false, text: value.slice(0, most) };
  const end = Math.min(selectionEnd, selectionStart + most);
  return { isFrame: false, text: value.slice(selectionStart, end) };
}

/** Puts a text into the browser's clipboard; false where the page may not. */
export async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Tells the page of a pasted text; true: the page took it itself. */
export function offerPaste(text: string): boolean {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  const event = new ClipboardEvent('paste', {
    clipboardData,
    bubbles: true,
    cancelable: true,
    composed: true,
  });
  return !(document.activeElement ?? document.body).dispatchEvent(event);
}
