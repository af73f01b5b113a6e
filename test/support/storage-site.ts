import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Page } from 'puppeteer-core';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

/** A site whose pages can keep something in every place there is. */
export async function openStorageSite(): Promise<string> {
  const site = createServer((request, response) => {
    if (request.url === '/worker.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(`self.addEventListener('fetch', () => undefined)`);
    } else if (request.url === '/auth') {
      const given = request.headers.authorization?.slice('Basic '.length) ?? '';
      if (!given) response.writeHead(401, { 'www-authenticate': 'Basic realm="site"' });
      response.end(Buffer.from(given, 'base64').toString());
    } else {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>site</title>');
    }
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => {
    site.close();
    site.closeAllConnections();
  });
  const address = site.address();
  // A name, for cookies; and trustworthy, for service workers.
  return `http://localhost:${typeof address === 'object' ? address?.port : ''}/`;
}

/** Runs in a page, which has types of its own. */
const WRITE = `async (value) => {
  document.cookie = 'session=' + value;
  document.cookie = 'durable=' + value + '; max-age=100000';
  document.cookie = '__Host-part=' + value + '; max-age=100000; path=/; secure; samesite=none; partitioned';
  localStorage.setItem('key', value);
  sessionStorage.setItem('key', value);
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open('db', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('things');
    request.onsuccess = () => resolve(request.result);
    request.onerror = reject;
  });
  await new Promise((resolve) => {
    const transaction = database.transaction('things', 'readwrite');
    transaction.objectStore('things').put(value, 'key');
    transaction.oncomplete = resolve;
  });
  database.close();
  const cache = await caches.open('cache');
  await cache.put('/cached', new Response(value));
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
}`;

const READ = `async () => {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open('db');
    request.onupgradeneeded = () => request.transaction.abort();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
  const stored = await new Promise((resolve) => {
    if (!database) return resolve(null);
    const request = database.transaction('things').objectStore('things').get('key');
    request.onsuccess = () => resolve(request.result ?? null);
  });
  database?.close();
  const cached = await caches.match('/cached');
  const worker = await navigator.serviceWorker.getRegistration();
  return {
    localStorage: localStorage.getItem('key'),
    sessionStorage: sessionStorage.getItem('key'),
    indexedDB: stored,
    cache: cached ? await cached.text() : null,
    serviceWorker: worker ? 'registered' : null,
  };
}`;

/** When Chromium knows no password, it would ask the user and wait. */
const ASK = `Promise.race([
  fetch('/auth').then((response) => (response.ok ? response.text() : null)),
  new Promise((resolve) => setTimeout(resolve, 500, null)),
])`;

const InPage = z.record(z.string(), z.string().nullable());

export type State = Record<string, string | null>;

/** Keeps a text in every place, and returns what is there then. */
export async function writeState(page: Page, site: string, text: string): Promise<State> {
  await page.goto(site);
  await page.evaluate(`(${WRITE})(${JSON.stringify(text)})`);
  const { host } = new URL(site);
  await page.goto(`http://user:${text}@${host}/auth`);
  return readState(page, site);
}

/** What is kept in every place; null where there is nothing. */
export async function readState(page: Page, site: string): Promise<State> {
  await page.goto(site);
  const client = await page.createCDPSession();
  const { cookies } = await client.send('Storage.getCookies', {});
  await client.detach();
  const cookie = (name: string) => cookies.find((one) => one.name === name)?.value ?? null;
  const auth = await page.evaluate(ASK);
  const inPage = InPage.parse(await page.evaluate(`(${READ})()`));
  return {
    ...inPage,
    httpAuth: z.string().nullable().parse(auth),
    sessionCookie: cookie('session'),
    durableCookie: cookie('durable'),
    partitionedCookie: cookie('__Host-part'),
  };
}
