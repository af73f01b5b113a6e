import puppeteer from 'puppeteer-core';
import type { BenchService } from './service.ts';

export const LARGE_PROFILE_MB = 20;

/** A profile with state that does not compress, in databases and caches, as sites keep it. */
export async function createLargeProfile(
  { call, create }: BenchService,
  siteUrl: string,
): Promise<string> {
  const made = await call('POST', '/v1/browser-profiles', { name: 'large' });
  const profileId: string = made.json.id;
  const runtime = await create({ mode: 'profile', profileId });
  const browserWSEndpoint = runtime.cdpUrl;
  const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
  const [page] = await browser.pages();
  await page?.goto(siteUrl);
  await page?.evaluate(`(async (bytes) => {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open('db', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('things');
      request.onsuccess = () => resolve(request.result);
    });
    const cache = await caches.open('cache');
    for (let at = 0; at < bytes; at += 65536 * 2) {
      const content = crypto.getRandomValues(new Uint8Array(65536));
      await cache.put('/' + at, new Response(content));
      await new Promise((resolve) => {
        const things = database.transaction('things', 'readwrite').objectStore('things');
        things.put(content, at).onsuccess = resolve;
      });
    }
  })(${LARGE_PROFILE_MB * 1024 ** 2})`);
  await browser.disconnect();
  await runtime.end();
  return profileId;
}
