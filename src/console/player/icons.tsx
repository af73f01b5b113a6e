import { FileIcon, ForwardIcon, HandIcon } from '../live/icons.tsx';
import { drawn } from '../shared/icon.tsx';
import type { EventKind } from './event-words.ts';

export const PlayIcon = drawn('M4.5 2.8v10.4L13 8Z');
export const PauseIcon = drawn('M4.5 3h2.2v10H4.5ZM9.3 3h2.2v10H9.3Z');
export const PreviousIcon = drawn('M12 3.5 5.5 8l6.5 4.5ZM3.5 3.5v9');
export const NextIcon = drawn('M4 3.5 10.5 8 4 12.5ZM12.5 3.5v9');
export const SaveIcon = drawn('M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.2h10');
export const ListIcon = drawn('M6 4h7.5M6 8h7.5M6 12h7.5M2.8 4h.01M2.8 8h.01M2.8 12h.01');

export const KIND_ICONS: Record<EventKind, ReturnType<typeof drawn>> = {
  navigation: ForwardIcon,
  tab: drawn('M2 12.5v-8a1 1 0 0 1 1-1h4l1 2h5a1 1 0 0 1 1 1v6Z'),
  control: HandIcon,
  captcha: drawn('M8 1.8 13 3.5v4c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7v-4ZM5.8 8l1.6 1.6 3-3.2'),
  error: drawn('M8 2.2 14.3 13H1.7ZM8 6.2v3.2M8 11.3h.01'),
  paused: drawn('M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.5 5.8v4.4M9.5 5.8v4.4'),
  file: FileIcon,
  other: drawn('M8 9.2a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4Z'),
};
