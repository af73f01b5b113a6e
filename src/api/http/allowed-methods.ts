import type { Hono } from 'hono';
import type { ApiEnv } from './router.ts';

/** Tells which methods a path has, as `Allow` lists them; none when there is no such path. */
export type AllowedMethods = (path: string) => string[];

/** By the routes that an app has now. */
export function createAllowedMethods({ routes }: Pick<Hono<ApiEnv>, 'routes'>): AllowedMethods {
  // What stands for all methods is middleware, or answers each of them itself.
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
