import { Hono } from 'hono';

/** Whoever looks at the address of the service finds the reference: a person its page. */
export function rootRoutes({ version }: { version: string }) {
  return new Hono().get('/', (c) => {
    c.header('vary', 'accept');
    if (c.req.header('accept')?.includes('text/html')) return c.redirect('/docs');
    return c.json({ name: 'bctrl', version, docs: '/docs', openapi: '/openapi.json' });
  });
}
