import { Hono } from 'hono';

/** Points programs to the API reference, and redirects people to the console. */
export function rootRoutes({ version }: { version: string }) {
  return new Hono().get('/', (c) => {
    c.header('vary', 'accept');
    // Relative, since the service may be below a path.
    if (c.req.header('accept')?.includes('text/html')) return c.redirect('console');
    const places = { console: '/console', docs: '/docs', openapi: '/openapi.json' };
    return c.json({ name: 'bctrl', version, ...places });
  });
}
