import type { PageBundle } from '../console/bundle.ts';
import { createRouter } from './api-env.ts';
import { answerAsset, answerPage, pageHeaders, type PagePolicy } from './page.ts';

export interface EmbedPage extends Pick<PagePolicy, 'frameAncestors' | 'directives'> {
  /** In its address, `/embed/<kind>/:id`, and the name of its assets. */
  kind: string;
  title: string;
  bundle: PageBundle;
}

/** Serves a page that is made to be shown in a frame of somebody else's, and its assets. */
export function embedPageRoutes({ kind, title, bundle, ...policy }: EmbedPage) {
  const router = createRouter();
  const headers = pageHeaders(policy);
  router.use(`/embed/${kind}/*`, headers);
  router.get(`/embed/${kind}/:id`, (c) => answerPage(c, { title, bundle, assets: '../assets' }));
  router.get(`/embed/assets/:name{${kind}\\..+}`, headers, (c) =>
    answerAsset(c, bundle, c.req.param('name')),
  );
  return router;
}
