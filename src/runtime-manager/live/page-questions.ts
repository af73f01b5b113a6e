import { z } from 'zod';
import type { DocumentsOfPage } from '../browser/pages/documents-of-page.ts';
import type { PageDocument } from '../browser/pages/page-document.ts';
import { sourceOf } from '../browser/pages/page-script.ts';
import { FIELD_KINDS, type FieldKind, type Rectangle } from './messages.ts';
import { fieldAfterTouch, offerPaste, selectedText, writeClipboard } from './page-scripts/focus.ts';
import { isOpen, setValue, stepsTo } from './page-scripts/open-control.ts';
import { cursorOf, whatIsAt } from './page-scripts/what-is-at.ts';

/** A page that does not answer by then hangs, or shows a dialog. */
const ANSWER_MS = 1000;
const DEPTH_MAX = 8;
/** A page may have lists as long as it likes. */
const LIST_LIMITS = { optionsMax: 5000, labelMax: 200 };
/** What is copied reaches viewers as one message. */
const COPIED_MAX = 1_000_000;

const FOCUSED = 'document.activeElement';

/** Parsed, since the process of a page writes it. */
const Place = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const OpenControl = z.object({
  kind: z.enum(['popup', 'picker']),
  at: Place,
  type: z.string(),
  value: z.string(),
  min: z.string(),
  max: z.string(),
  step: z.string(),
  options: z.array(
    z.object({
      label: z.string(),
      group: z.string().nullable(),
      isDisabled: z.boolean(),
      isSelected: z.boolean(),
    }),
  ),
});
const Found = z.object({
  cursor: z.string().max(200),
  frame: z.tuple([z.number(), z.number()]).nullable(),
  open: OpenControl.nullable(),
  field: z.object({ at: Place, isChosen: z.boolean(), kind: z.enum(FIELD_KINDS) }).nullable(),
});
const Selected = z.object({ isFrame: z.boolean(), text: z.string() });

/** A control that has opened, in its document. */
export interface FoundControl extends z.infer<typeof OpenControl> {
  document: PageDocument;
}

/** What is at a point of a page. */
export interface FoundAt {
  cursor: string;
  open: FoundControl | undefined;
  /** The field that has the focus, after a touch. */
  field: { at: Rectangle; isChosen: boolean; kind: FieldKind } | undefined;
}

interface Search {
  isTouch: boolean;
  signal: AbortSignal;
  /** Where the document is on the page. */
  offset: Point;
  depth: number;
}

interface Point {
  x: number;
  y: number;
}

/** Asks the documents of one page what a person sees there, in a world that the page does not see. */
export class PageQuestions {
  readonly #documents: Pick<DocumentsOfPage, 'current'>;
  readonly #ended: AbortSignal;

  constructor(documents: Pick<DocumentsOfPage, 'current'>, ended: AbortSignal) {
    this.#documents = documents;
    this.#ended = ended;
  }

  /** Undefined when the page does not answer. */
  async at(point: Point, { isTouch = false } = {}): Promise<FoundAt | undefined> {
    const search = { isTouch, signal: this.#patience(), offset: { x: 0, y: 0 }, depth: 0 };
    try {
      return await this.#at(this.#main, point, search);
    } catch {
      return undefined;
    }
  }

  /** The text that is selected, in whatever frame has the focus; nothing when the page does not answer. */
  async selectedText(): Promise<string> {
    try {
      const document = await this.#focused();
      return (await document.ask(call(selectedText, COPIED_MAX), Selected, this.#patience())).text;
    } catch {
      return '';
    }
  }

  /** Puts a text into the clipboard of the browser; false when the focused document may not do so. */
  async writeClipboard(text: string): Promise<boolean> {
    try {
      const document = await this.#focused();
      return await document.ask(call(writeClipboard, text), z.boolean(), this.#patience());
    } catch {
      return false;
    }
  }

  /** Whether the page took a pasted text by itself. */
  async offerPaste(text: string): Promise<boolean> {
    try {
      const document = await this.#focused();
      return await document.ask(call(offerPaste, text), z.boolean(), this.#patience());
    } catch {
      return false;
    }
  }

  /** By how many keys an option is chosen; undefined when its list is not open any more. */
  async stepsTo({ document }: FoundControl, index: number): Promise<number | undefined> {
    const steps = document.ask(call(stepsTo, index), z.int().nullable(), this.#patience());
    return (await steps.catch(() => null)) ?? undefined;
  }

  async isOpen({ document }: FoundControl): Promise<boolean> {
    return document.ask(call(isOpen), z.boolean(), this.#patience()).catch(() => false);
  }

  /** Gives a control a value, or chooses an option by its place. Whether the control took it. */
  async setValue({ document }: FoundControl, value: string | number): Promise<boolean> {
    return document.ask(call(setValue, value), z.boolean(), this.#patience()).catch(() => false);
  }

  async #at(document: PageDocument, point: Point, search: Search): Promise<FoundAt> {
    const { isTouch, signal, offset, depth } = search;
    const found = await document.ask(whatIsAtPoint(point, isTouch), Found, signal);
    const { cursor, frame, open, field } = found;
    if (frame && depth < DEPTH_MAX) {
      const element = `document.elementFromPoint(${point.x}, ${point.y})`;
      const inner = this.#find(await document.frameIn(element, signal));
      if (!inner) return { cursor, open: undefined, field: undefined };
      const [left, top] = frame;
      const within = { x: point.x - left, y: point.y - top };
      const place = { x: offset.x + left, y: offset.y + top };
      return this.#at(inner, within, { ...search, offset: place, depth: depth + 1 });
    }
    const onPage = ([left, top, width, height]: Rectangle): Rectangle => [
      left + offset.x,
      top + offset.y,
      width,
      height,
    ];
    return {
      cursor,
      open: open ? { ...open, at: onPage(open.at), document } : undefined,
      field: field ? { ...field, at: onPage(field.at) } : undefined,
    };
  }

  async #focused(): Promise<PageDocument> {
    const signal = this.#patience();
    let document = this.#main;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      const { isFrame } = await document.ask(call(selectedText, 0), Selected, signal);
      const inner = isFrame ? this.#find(await document.frameIn(FOCUSED, signal)) : undefined;
      if (!inner) break;
      document = inner;
    }
    return document;
  }

  get #main(): PageDocument {
    const { current } = this.#documents;
    const main = current.find(
      ({ place }) => place.parentFrameId === undefined && place.frameId === place.pageId,
    );
    if (main) return main;
    throw new Error('the page has no document');
  }

  /** The document in a frame; the newest, when two sessions reach it. */
  #find(frameId: string | undefined): PageDocument | undefined {
    return this.#documents.current.findLast(({ place }) => place.frameId === frameId);
  }

  #patience(): AbortSignal {
    return AbortSignal.any([this.#ended, AbortSignal.timeout(ANSWER_MS)]);
  }
}

function whatIsAtPoint({ x, y }: Point, isTouch: boolean): string {
  const field = isTouch ? sourceOf(fieldAfterTouch) : 'null';
  const scripts = `{ cursorOf: ${sourceOf(cursorOf)}, fieldAfterTouch: ${field} }`;
  return `(${sourceOf(whatIsAt)})(${x}, ${y}, ${scripts}, ${JSON.stringify(LIST_LIMITS)})`;
}

/** The expression that calls a page script. */
function call<Args extends unknown[]>(
  script: (this: never, ...args: Args) => unknown,
  ...args: Args
): string {
  return `(${sourceOf(script)})(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
}
