import type {
  CLOSE_CODES,
  LIVE_PROTOCOL,
  PICTURE_HEADER_BYTES,
  ServiceMessage,
  TOKEN_PREFIX,
} from '../../runtime-manager/live/messages.ts';

export type {
  FieldKind,
  PopupOption,
  Rectangle,
  ServiceMessage,
  ViewerMessage,
} from '../../runtime-manager/live/messages.ts';

/** A message of the service by its `t`. */
export type Told<T extends ServiceMessage['t']> = Extract<ServiceMessage, { t: T }>;
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];

// Only types come from the service's code, so these are said once more; the compiler compares them.
export const PROTOCOL: typeof LIVE_PROTOCOL = 'bctrl.live.1';
export const PREFIX: typeof TOKEN_PREFIX = 't.';
export const HEADER_BYTES: typeof PICTURE_HEADER_BYTES = 24;
/** The longest text and the most files that one message carries. */
export const TEXT_MAX = 100_000;
export const FILES_MAX = 100;
