import { z } from '@hono/zod-openapi';
import { VIEWER_MODES } from '../../runtime-manager/runtime/index.ts';

const TTL_SECONDS = 86_400;

export const EmbedLiveRequest = z
  .strictObject({
    interactive: z.boolean().default(false).openapi({
      description: 'Whether viewers can drive the browser; otherwise they only watch.',
    }),
    showControls: z.boolean().default(true).openapi({
      description:
        'Whether viewers get tabs, the address and buttons. Without these they cannot go anywhere but where the page leads.',
    }),
    viewerMode: z.enum(VIEWER_MODES).default('last_used').openapi({
      description:
        'Which tab viewers see who have chosen none: the one that anybody used last, or the one that programs used last.',
    }),
    ttlSeconds: z.int().min(1).max(TTL_SECONDS).default(TTL_SECONDS).openapi({
      description: 'For how long the address is good. Viewers who watch then are sent away.',
    }),
  })
  .openapi('EmbedLiveRequest', { example: { interactive: true } });

export const LiveEmbed = z
  .object({
    token: z.string().openapi({
      description:
        'The credential of the address. It is valid for 24 hours at most, and never longer than the present life of the runtime.',
    }),
    connectionId: z.uuid().openapi({
      description: 'The connection of protocol `live` that the address is: revoke it as such.',
    }),
    iframeUrl: z.url().openapi({
      description:
        'The page to show to a person, in an `<iframe allow="clipboard-write; fullscreen">` or a tab of its own. The token is in its fragment, which no server sees.',
      example:
        'https://browsers.example.com/embed/live/0198c1f6-7a1e-7c3a-9b1e-2f6a4d5e6f70#token=a1b2c3',
    }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('LiveEmbed');
