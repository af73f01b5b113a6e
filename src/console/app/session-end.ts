import { signal } from '@preact/signals';

/** When the session is over, in ms of the clock: what it opens need not last longer. */
export const sessionEnd = signal(0);
