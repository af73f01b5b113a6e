import { z } from '@hono/zod-openapi';
import { VIEWER_MODES } from '../../runtime-manager/runtime/index.ts';

const TTL_SECONDS = 86_400;

export const EmbedLiveRequest = z
  .strictObject({
    interactive: z.boolean().default(false).openapi({
      description: 'Whether viewers can control the browser; otherwise they only watch.',
    }),
    showControls: z.boolean().default(true).openapi({
      description:
        'Whether viewers see tabs, the address bar and buttons. Without them, viewers can go only where the page leads.',
    }),
    viewerMode: z.enum(VIEWER_MODES).default('last_used').openapi({
      description:
        'Which tab is shown to viewers who have not chosen one: `last_used` for the tab that anyone used last, `automation` for the tab that a program used last.',
    }),
    ttlSeconds: z.int().min(1).max(TTL_SECONDS).default(TTL_SECONDS).openapi({
      description:
        'For how many seconds the URL is valid. Viewers who are still watching then are disconnected.',
    }),
  })
  .openapi('EmbedLiveRequest', { example: { interactive: true } });

export const LiveEmbed = z
  .object({
    token: z.string().openapi({
      description:
        'The credential in the URL. It is valid for at most 24 hours, and never longer than the current run of the runtime.',
    }),
    connectionId: z.uuid().openapi({
      description:
        'The id of the connection, of protocol `live`, that the URL belongs to. To invalidate the URL, revoke this connection.',
    }),
    iframeUrl: z.url().openapi({
      description:
        'The page to show to a person, in an `<iframe allow="clipboard-write; fullscreen">` or in its own tab. The token is in the fragment, which browsers do not send to servers.',
      example:
        'https://browsers.example.com/embed/live/0198c1f6-7a1e-7c3a-9b1e-2f6a4d5e6f70#token=a1b2c3',
    }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('LiveEmbed');
