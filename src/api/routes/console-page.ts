import { fileURLToPath } from 'node:url';
import { PageBundle } from '../console/bundle.ts';
import { createRouter } from '../http/api-env.ts';
import { answerAsset, answerPage, pageHeaders } from '../http/page.ts';

const ENTRY = fileURLToPath(new URL('../../console/app/main.tsx', import.meta.url));
const PATH = '/console';

/**
 * Serves the console, at whichever of its views somebody opens it. Nobody may show it in a frame; it
 * shows the service's own embedded pages in frames.
 */
export function consolePageRoutes() {
  const bundle = new PageBundle('console', ENTRY);
  const router = createRouter();
  const headers = pageHeaders({
    frameAncestors: "'none'",
    directives: ["frame-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'"],
    // Where browsers do not say that it is the console that asks, they say which page it is.
    referrer: 'same-origin',
  });
  router.use(`${PATH}/*`, headers, async (c, next) => {
    c.header('cross-origin-opener-policy', 'same-origin');
    c.header('cross-origin-resource-policy', 'same-origin');
    await next();
  });
  router.get(`${PATH}/assets/:name`, (c) => answerAsset(c, bundle, c.req.param('name')));
  return router.get(`${PATH}/*`, (c) => {
    const up = '../'.repeat(c.req.path.split('/').length - 2);
    return answerPage(c, { title: 'bctrl', bundle, assets: `${up}console/assets` });
  });
}
