import { drawn } from '../shared/icon.tsx';

export const BackIcon = drawn('M13 8H3.5M7.5 3.5 3 8l4.5 4.5');
export const ForwardIcon = drawn('M3 8h9.5M8.5 3.5 13 8l-4.5 4.5');
export const ReloadIcon = drawn('M13 8a5 5 0 1 1-1.5-3.6L13 6M13 2.5V6H9.5');
export const CloseIcon = drawn('m4 4 8 8m0-8-8 8');
export const PlusIcon = drawn('M8 3v10M3 8h10');
export const PeopleIcon = drawn(
  'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8ZM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z',
);
export const KeyboardIcon = drawn(
  'M2.5 4h11A1 1 0 0 1 14.5 5v6a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1ZM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6',
);
export const ZoomInIcon = drawn(
  'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm3.6-1.4L14 14M4.8 7h4.4M7 4.8v4.4',
);
export const ZoomOutIcon = drawn('M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm3.6-1.4L14 14M4.8 7h4.4');
export const FollowIcon = drawn(
  'M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
);
export const FileIcon = drawn('M4 1.8h5L12.5 5v9.2H4zM9 1.8V5h3.5');
export const ReturnIcon = drawn('M6 3 2.5 6.5 6 10M2.5 6.5h7a3.5 3.5 0 0 1 0 7H6.5');
export const HandIcon = drawn('m4 2.5 8.5 5-3.9 1L6.5 12.2Z');
