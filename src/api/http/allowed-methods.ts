import type { Hono } from 'hono';
import type { ApiEnv } from './api-env.ts';

/** Returns the methods of a path, as `Allow` lists them; an empty list if there is no such path. */
export type AllowedMethods = (path: string) => string[];

/** Knows the routes that the app has at this moment. */
export function createAllowedMethods({ routes }: Pick<Hono<ApiEnv>, 'routes'>): AllowedMethods {
  // A route for all methods is middleware, or answers each method itself.
  const known = routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, segments: path.split('/') }));
  return (path) => {
    const asked = path.split('/');
    const methods = known.filter(({ segments }) => matches(asked, segments));
    const names = methods.map(({ method }) => method);
    return [...new Set(names.includes('GET') ? [...names, 'HEAD'] : names)].toSorted();
  };
}

function matches(asked: string[], segments: string[]): boolean {
  return (
    asked.length === segments.length &&
    segments.every((segment, i) => segment.startsWith(':') || segment === asked[i])
  );
}
