import { fileURLToPath } from 'node:url';
import { PageBundle } from '../console/bundle.ts';
import { embedPageRoutes, type EmbedPage } from '../http/embed-page.ts';

const ENTRY = fileURLToPath(new URL('../../console/player/main.tsx', import.meta.url));

/**
 * Serves the page with which people play a recording. Whoever has the address gets the page; what
 * the page shows comes with the manifest, for which a token is needed.
 */
export function recordingPageRoutes({ frameAncestors }: Pick<EmbedPage, 'frameAncestors'>) {
  return embedPageRoutes({
    kind: 'recording',
    title: 'Recording',
    bundle: new PageBundle('recording', ENTRY),
    frameAncestors,
    directives: ["media-src 'self' blob:"],
  });
}
