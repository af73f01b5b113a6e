import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Session } from './current-session.ts';

export type Scope = Session['scopes'][number];

/** What the key allows of whoever is signed in. */
export const Scopes = createContext<readonly Scope[]>([]);

/** Tells whether the key allows something: what it does not is not offered. */
export function useMay(): (scope: Scope) => boolean {
  const scopes = useContext(Scopes);
  return (scope) => scopes.includes(scope);
}
