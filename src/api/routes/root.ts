import { Hono } from 'hono';

/** Points programs to the API reference, and redirects people to its page. */
export function rootRoutes({ version }: { version: string }) {
  return new Hono().get('/', (c) => {
    c.header('vary', 'accept');
    if (c.req.header('accept')?.includes('text/html')) return c.redirect('/docs');
    return c.json({ name: 'bctrl', version, docs: '/docs', openapi: '/openapi.json' });
  });
}
