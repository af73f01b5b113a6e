import { z } from '@hono/zod-openapi';
import { BrowserConfig, extensionIdsUpTo } from './browser-config.ts';

const ProfileLaunch = z
  .strictObject({
    mode: z.literal('profile'),
    profileId: z.uuid(),
    readOnly: z.boolean().optional().openapi({
      description:
        'Gives the browser a copy of the newest saved state, and discards that copy when the runtime ends. Any number of read-only runtimes can run at the same time as the one that writes the profile.',
    }),
  })
  .openapi('ProfileLaunch', { description: 'A browser with the saved state of a profile.' });

const ephemeralLaunch = (maxExtensions: number) =>
  z
    .strictObject({
      mode: z.literal('ephemeral'),
      config: BrowserConfig.optional(),
      extensionIds: extensionIdsUpTo(maxExtensions).optional(),
    })
    .openapi('EphemeralLaunch', {
      description:
        'A fresh browser without saved state. Its state is deleted when the runtime ends.',
    });

/** How a browser is launched. */
export const launchWith = (maxExtensions: number) =>
  z
    .discriminatedUnion('mode', [ProfileLaunch, ephemeralLaunch(maxExtensions)])
    .default({ mode: 'ephemeral' });
