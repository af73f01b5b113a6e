import { signal } from '@preact/signals';
import type { z } from 'zod';
import type { SessionBody } from '../../api/schemas/console-session.ts';

export type Session = z.infer<typeof SessionBody>;

/** The session of whoever is signed in. */
export const currentSession = signal<Session | undefined>(undefined);
