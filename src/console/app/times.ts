import { signal } from '@preact/signals';

/** The time for what says how long ago something was. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);

/** What `now` may lag behind. */
const MOMENT_MS = 5000;

const UNITS: [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
];

/** A time ago in its largest unit: `5 min`. No line ends within it. */
export function ago(iso: string): string {
  return durationOf(now.value - Date.parse(iso));
}

/** How long ago a time was, as people say it: `5 min ago`. */
export function since(iso: string): string {
  return now.value - Date.parse(iso) < MOMENT_MS ? 'just now' : `${ago(iso)} ago`;
}

export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [name, size] = UNITS.find(([, unit]) => seconds >= unit) ?? ['s', 1];
  return `${Math.floor(seconds / size)}\u00A0${name}`;
}

/** A length of time as clocks of players show it: `1:02:03`, `0:07`. */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const all = hours > 0 ? [hours, ...parts] : parts;
  return all.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** A time as people write it, in their own zone. */
export function written(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** As limits are set: 1 GiB is 1024 MiB. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1 ? 0 : Math.min(4, Math.floor(Math.log2(count) / 10));
  const amount = count / 1024 ** power;
  return `${amount >= 100 || power === 0 ? Math.round(amount) : amount.toFixed(1)}\u00A0${units[power]}`;
}

/** A place in a row: `1st`, `12th`. */
export function ordinal(count: number): string {
  const isTeen = Math.floor(count / 10) % 10 === 1;
  return `${count}${isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`;
}
