/** The word of https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/ for what is left out. */
const REDACTED = 'REDACTED';
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Any other text is a client's own. */
export function methodOf(given: string): string {
  return METHODS.has(given) ? given : 'HTTP';
}

/** A route as the OpenAPI document writes it: `/v1/workspaces/{id}`. */
export function templateOf(route: string): string {
  return route.replace(/:(\w+)(?:\{[^}]*\})?\??/g, '{$1}');
}

/**
 * A path without all that a client put into it, apart from ids: names, tickets and paths of files may be
 * secrets. Without a route all of it is the client's.
 */
export function pathBy(template: string | undefined, path: string): string {
  if (template === undefined) return `/${REDACTED}`;
  const given = path.split('/');
  return template
    .split('/')
    .map((segment, nth) => (/[{*]/.test(segment) ? idOrNot(given[nth]) : segment))
    .join('/');
}

function idOrNot(segment = ''): string {
  return ID.test(segment) ? segment : REDACTED;
}
