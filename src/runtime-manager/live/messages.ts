import { z } from 'zod';
import type { ReturnCause } from '../control/control.ts';
import type { ViewOptions } from '../runtime/access.ts';

/**
 * What a viewer of a runtime and the service say to each other over a websocket: text messages are
 * JSON with a `t` that names them, and binary messages carry pictures to the viewer and the content
 * of files from it.
 */

/** The websocket's subprotocol; the token follows as a second one, after `TOKEN_PREFIX`. */
export const LIVE_PROTOCOL = 'bctrl.live.1';
export const TOKEN_PREFIX = 't.';

/** Why the service closes a viewer's websocket, beside the usual codes. */
export const CLOSE_CODES = {
  /** The token is not valid, has expired, or was revoked. */
  token: 4401,
  /** The runtime is over, or this life of it. */
  ended: 4410,
  /** The runtime has as many viewers as it may. */
  full: 4429,
} as const;

const TEXT_MAX = 100_000;
const NAME_MAX = 1000;
const FILES_MAX = 100;
const TOUCHES_MAX = 10;

/** In CSS pixels of the page, whose size each picture tells. */
const coordinate = z.number().min(-100_000).max(100_000);
const id = z.string().max(200);
/** A bit each for Alt, Ctrl, Meta and Shift: 1, 2, 4, 8. */
const modifiers = z.int().min(0).max(15);
const text = z.string().max(TEXT_MAX);

const Mouse = z.strictObject({
  t: z.literal('mouse'),
  type: z.enum(['move', 'down', 'up']),
  x: coordinate,
  y: coordinate,
  button: z.enum(['none', 'left', 'middle', 'right', 'back', 'forward']),
  /** As `MouseEvent.buttons`. */
  buttons: z.int().min(0).max(31),
  /** 1 for a click, 2 for a double click. */
  clicks: z.int().min(0).max(3),
  modifiers,
});
const Wheel = z.strictObject({
  t: z.literal('wheel'),
  x: coordinate,
  y: coordinate,
  deltaX: coordinate,
  deltaY: coordinate,
  modifiers,
});
const Touch = z.strictObject({
  t: z.literal('touch'),
  type: z.enum(['start', 'move', 'end', 'cancel']),
  /** Those that touch now; none at the last `end`. */
  points: z
    .array(z.strictObject({ id: z.int().min(0).max(1000), x: coordinate, y: coordinate }))
    .max(TOUCHES_MAX),
  modifiers,
});
const Key = z.strictObject({
  t: z.literal('key'),
  type: z.enum(['down', 'up']),
  /** As those of a `KeyboardEvent`. */
  key: z.string().min(1).max(50),
  code: z.string().max(50),
  keyCode: z.int().min(0).max(65_535),
  location: z.int().min(0).max(3),
  isRepeat: z.boolean(),
  modifiers,
});

/** What whoever watches may say. */
export const WatchMessage = z.discriminatedUnion('t', [
  /** A picture was drawn. */
  z.strictObject({ t: z.literal('ack'), seq: z.int().min(0) }),
  /** The service answers with the same number, so that the viewer knows how far away it is. */
  z.strictObject({ t: z.literal('ping'), n: z.int().min(0) }),
  /** Shows a tab until told otherwise; without one, the service chooses by `viewerMode`. */
  z.strictObject({ t: z.literal('follow'), tab: id.optional() }),
  /** How wide the picture is drawn, in physical pixels; 0: it is not seen now. */
  z.strictObject({ t: z.literal('room'), width: z.int().min(0).max(20_000) }),
]);
export type WatchMessage = z.infer<typeof WatchMessage>;

/** What whoever may drive does in a page. */
export const InputMessage = z.discriminatedUnion('t', [
  Mouse,
  Wheel,
  Touch,
  Key,
  /** Types a text at once: what an input method or a keyboard on the screen made. */
  z.strictObject({ t: z.literal('text'), text }),
  /** What an input method shows while it is not done yet; nothing: it gave up. */
  z.strictObject({ t: z.literal('compose'), text }),
  z.strictObject({ t: z.literal('paste'), text }),
  /** Answers `popup`: the places of the chosen options; none: nothing is chosen. */
  z.strictObject({
    t: z.literal('choose'),
    popup: id,
    options: z.array(z.int().min(0)).max(10_000),
  }),
  /** Answers `picker`: a value as its input has it, such as 2026-11-30 or #00ff00. */
  z.strictObject({ t: z.literal('pick'), picker: id, value: z.string().max(100) }),
  /**
   * Answers `chooser`: files, whose contents follow one after the other as binary messages, in this
   * order; none: nothing is chosen.
   */
  z.strictObject({
    t: z.literal('files'),
    chooser: id,
    files: z
      .array(z.strictObject({ name: z.string().max(NAME_MAX), size: z.int().min(0) }))
      .max(FILES_MAX),
  }),
]);
export type InputMessage = z.infer<typeof InputMessage>;

/** What whoever may drive does with tabs, and with what Chromium itself asks. */
export const BrowseMessage = z.discriminatedUnion('t', [
  z.strictObject({
    t: z.literal('dialog'),
    dialog: id,
    accept: z.boolean(),
    text: text.optional(),
  }),
  z.strictObject({ t: z.literal('go'), url: z.string().min(1).max(TEXT_MAX) }),
  z.strictObject({ t: z.literal('history'), by: z.union([z.literal(-1), z.literal(1)]) }),
  z.strictObject({ t: z.literal('reload') }),
  z.strictObject({ t: z.literal('stop') }),
  z.strictObject({ t: z.literal('new') }),
  z.strictObject({ t: z.literal('close'), tab: id }),
]);
export type BrowseMessage = z.infer<typeof BrowseMessage>;

/** `take` also takes control from another viewer. */
const ControlMessage = z.strictObject({ t: z.literal('control'), do: z.enum(['take', 'return']) });

/** What whoever may drive does. */
export const ActMessage = z.discriminatedUnion('t', [InputMessage, BrowseMessage, ControlMessage]);
export type ActMessage = z.infer<typeof ActMessage>;

/** What a viewer says. */
export const ViewerMessage = z.discriminatedUnion('t', [WatchMessage, ActMessage]);
export type ViewerMessage = z.infer<typeof ViewerMessage>;

/** A tab, in the order in which they were opened. */
export interface ShownTab {
  id: string;
  title: string;
  url: string;
  hasCrashed: boolean;
  /** Whether a dialog of it waits for an answer. */
  hasDialog: boolean;
}

/** Who drives the browser. */
export interface ShownControl {
  /**
   * `you`: this viewer; `human`: another one; `agent`: programs; `nobody`: programs wait for the
   * first person who does something.
   */
  driver: 'you' | 'human' | 'agent' | 'nobody';
  /** Why a program asked for a person, until one has had control; for that person, until control is over. */
  request: { reason: string; at: string } | null;
  /** After so long without input programs drive again; null for `agent`. */
  idleMs: number | null;
  /** Why this viewer drives no more; null: it does, or gave control back, or never had it. */
  lost: 'taken' | ReturnCause | null;
}

export interface PopupOption {
  label: string;
  /** The label of the group that it is in. */
  group: string | null;
  isDisabled: boolean;
  isSelected: boolean;
}

/** Left, top, width and height in CSS pixels of the page. */
export type Rectangle = [number, number, number, number];

/** What is typed into a field, as its `inputmode` or `type` tells. */
export const FIELD_KINDS = ['text', 'email', 'tel', 'number', 'url', 'search', 'password'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** What the service says. */
export type ServiceMessage =
  | ({ t: 'hello'; viewer: string; isInteractive: boolean } & ViewOptions)
  | {
      t: 'tabs';
      tabs: ShownTab[];
      /** The one that this viewer sees; null: there is none. */
      current: string | null;
      /** The number of the tab: a picture with another one is out of date. */
      turn: number;
      /** Whether the service chooses the tab. */
      isFollowing: boolean;
      canGoBack: boolean;
      canGoForward: boolean;
      isLoading: boolean;
    }
  | ({ t: 'control'; viewers: number } & ShownControl)
  /** A value of the CSS property `cursor`, without addresses. */
  | { t: 'cursor'; cursor: string }
  /** A select list is open. */
  | { t: 'popup'; popup: string; at: Rectangle; isMultiple: boolean; options: PopupOption[] }
  /** An input that Chromium would draw a picker for is clicked. */
  | {
      t: 'picker';
      picker: string;
      at: Rectangle;
      /** `type` of the input. */
      type: 'date' | 'datetime-local' | 'month' | 'week' | 'time' | 'color';
      value: string;
      min: string;
      max: string;
      step: string;
    }
  /** The field that has the focus after a touch, if one has. `isChosen`: by the touch, or it was touched. */
  | { t: 'field'; at: Rectangle | null; isChosen: boolean; kind: FieldKind }
  | {
      t: 'dialog';
      dialog: string;
      kind: 'alert' | 'confirm' | 'prompt' | 'beforeunload';
      message: string;
      default: string;
      url: string;
    }
  | { t: 'dialogClosed'; dialog: string }
  | { t: 'chooser'; chooser: string; isMultiple: boolean }
  | { t: 'chooserClosed'; chooser: string }
  /** The text that was copied or cut. */
  | { t: 'clipboard'; text: string }
  /** A file that the browser downloaded is at `files/<file>` below the viewer's address. */
  | { t: 'download'; file: string; name: string; sizeBytes: number }
  | { t: 'pong'; n: number }
  /** What the viewer asked for was not done, in a sentence. `isTaken`: since another one drives. */
  | { t: 'notice'; message: string; isTaken?: boolean };

/**
 * A picture: 24 bytes, little-endian, then a JPEG or WebP. Byte 0 is 1; byte 1 is 1 for a sharp
 * picture of a page at rest; then width and height of the page in CSS pixels and the turn, 16 bits
 * each; from byte 8 the number of the picture, 32 bits; from byte 16 when it was taken, in ms since
 * 1970, a double.
 */
export const PICTURE_HEADER_BYTES = 24;
