import { z } from 'zod';
import type { Page } from 'playwright-core';
import { flag, headers, number, text, textOrPattern, url } from './arguments.ts';
import { callsOn } from './call.ts';
import { CONTEXT_EVENTS, type WaitingContext } from './events.ts';

const cookie = z.strictObject({
  name: z.string(),
  value: z.string(),
  url: z.string().exactOptional(),
  domain: z.string().exactOptional(),
  path: z.string().exactOptional(),
  expires: z.number().exactOptional(),
  httpOnly: z.boolean().exactOptional(),
  secure: z.boolean().exactOptional(),
  sameSite: z.enum(['Strict', 'Lax', 'None']).exactOptional(),
  partitionKey: z.string().exactOptional(),
});
const position = z.strictObject({
  latitude: number.min(-90).max(90),
  longitude: number.min(-180).max(180),
  accuracy: number.min(0).exactOptional(),
});

export const CONTEXT_CALLS = callsOn<WaitingContext>()({
  newPage: { yields: 'page' },
  pages: { yields: 'pageList' },
  cookies: {
    args: [
      z.union([url, z.array(url)], { error: 'Must be a URL, or a list of URLs' }).exactOptional(),
    ],
    yields: 'value',
  },
  addCookies: { args: [z.array(cookie)] },
  clearCookies: { options: { name: textOrPattern, domain: textOrPattern, path: textOrPattern } },
  storageState: { options: { indexedDB: flag }, yields: 'value' },
  grantPermissions: { args: [z.array(text)], options: { origin: text } },
  clearPermissions: {},
  setGeolocation: { args: [position.nullable()] },
  setOffline: { args: [flag] },
  setExtraHTTPHeaders: { args: [headers] },
  addInitScript: { args: [z.strictObject({ content: text })] },
  waitForEvent: {
    args: [z.enum(CONTEXT_EVENTS)],
    limits: 'signal',
    yields: 'event',
    listens: true,
  },
});

/** The pages of a context, which is a list: `pages.at` makes one of them a binding. */
export const PAGE_LIST_CALLS = callsOn<Page[]>()({
  at: { args: [z.int()], yields: 'page' },
});
