import { fileURLToPath } from 'node:url';
import { PageBundle } from '../console/bundle.ts';
import { embedPageRoutes, type EmbedPage } from '../http/embed-page.ts';

const ENTRY = fileURLToPath(new URL('../../console/live/main.tsx', import.meta.url));

export interface LivePageParts extends Pick<EmbedPage, 'frameAncestors'> {
  /** The source of the page; another one in tests. */
  bundle?: PageBundle;
}

/**
 * Serves the page with which people watch and drive a runtime's browser. Whoever has the address
 * gets the page; what the page shows comes by a websocket, for which a token is needed.
 */
export function livePageRoutes({
  frameAncestors,
  bundle = new PageBundle('live', ENTRY),
}: LivePageParts) {
  return embedPageRoutes({ kind: 'live', title: 'Live view', bundle, frameAncestors });
}
