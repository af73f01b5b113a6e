import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { marker } from '../../support/packages.ts';
import type { Answer } from '../../support/http.ts';
import { readReference, type Operation } from '../../support/reference.ts';
import { openSite } from '../../support/site.ts';
import { testWithoutWarm as test } from '../../support/test.ts';
import { openViewingBrowser } from '../../support/viewing-browser.ts';

/** Tests look into documents freely. */
type Json = Answer['json'];

/** It has a hundred operations to draw. */
const PAGE_TIMEOUT_MS = 200_000;

/** Opens an operation of the page, unless it is, and sends it as it is filled in. Resolves with the answer. */
async function carryOut(page: Page, id: string): Promise<Locator> {
  const operation = page.locator(`[id="operations-${id}"]`);
  const send = operation.locator('.execute');
  if (!(await send.isVisible())) await operation.locator('.opblock-summary-control').click();
  await send.click();
  return operation.locator('.live-responses-table');
}

test('the reference page carries out operations as they are filled in, with the key given once', async ({
  service,
}) => {
  await using browser = await openViewingBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(PAGE_TIMEOUT_MS);
  await page.goto(`${service.url}/docs#/Runtimes/runtimes-create`);
  await page.locator('.authorize').first().click();
  await page.getByLabel('auth-bearer-value').fill(service.apiKey);
  await page.locator('.modal-btn.authorize').click();
  await page.locator('.btn-done').click();
  const created = await carryOut(page, 'Runtimes-runtimes-create');
  await created.getByText('"status": "active"').waitFor();
  const got = await carryOut(page, 'Runtimes-runtimes-get');
  await got.getByText('"alias": "TestBrowser01"').waitFor();
  const runtime = '/v1/workspaces/default/runtimes/TestBrowser01';
  expect(await service.call('POST', `${runtime}/stop`)).toMatchObject({ status: 200 });
  const deleted = await carryOut(page, 'Runtimes-runtimes-delete');
  await deleted.locator('.response-col_status', { hasText: '200' }).first().waitFor();
  expect(await service.call('GET', runtime)).toMatchObject({ status: 404 });
});

function filled({ path, parameters }: Operation): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    String(parameters.find((one) => one.in === 'path' && one.name === name)?.example),
  );
}

/** Every operation whose example can stand alone, in an order in which each finds what it is about. */
const CALLS: Record<string, Record<string, string>>[] = [
  { health: {}, readiness: {}, metrics: {}, 'nodes-list': {}, capacity: {}, doctor: {} },
  { 'workspaces-create': {}, 'workspaces-list': {}, 'workspaces-get': {} },
  { 'storage-create': {}, 'storage-list': {}, 'storage-get': {}, 'workspaces-update': {} },
  { 'files-upload': { fileId: 'id' }, 'files-put': { fileId: 'id' }, 'files-list': {} },
  { 'files-get': {}, 'files-content': {}, 'files-zip': {} },
  { 'runtimes-create': {}, 'runtimes-list': {}, 'runtimes-list-all': {}, 'runtimes-get': {} },
  { 'runtime-files-stage': {}, 'files-move': {}, 'files-delete': {} },
  { execute: { id: 'id' } },
  { 'operations-get': {}, 'operations-wait': {}, 'operations-cancel': {} },
  { 'runtime-files-list': { fileId: 'files.0.id' } },
  { 'runtime-files-get': {}, 'runtime-files-content': {}, 'runtime-files-delete': {} },
  { 'runtimes-usage': {}, 'runtime-screenshot': {}, 'runtimes-set-proxy': {} },
  { 'runtime-connections-create': { connectionId: 'id' }, 'runtime-connections-list': {} },
  { 'runtime-connections-revoke': {}, 'runtimes-embed-live': {}, mcp: {}, 'runtimes-mcp': {} },
  { 'runtime-control-request': {}, 'runtime-control-set': {}, 'runtime-control-get': {} },
  { 'runtime-events-list': {}, 'runtime-events-wait': {}, 'recordings-list': {} },
  { 'runtimes-restart': {}, 'runtimes-stop': {}, 'runtimes-start': {} },
  { 'one-shot-screenshot': {}, 'one-shot-pdf': {}, 'one-shot-content': {}, 'one-shot-scrape': {} },
  { 'browser-profiles-create': { profileId: 'id' }, 'browser-profiles-list': {} },
  { 'browser-profiles-get': {}, 'browser-profiles-update': {} },
  { 'browser-profiles-import-storage-state': {}, 'browser-profiles-storage-state': {} },
  { 'browser-profiles-versions': {}, 'browser-profiles-restore': {}, 'browser-profiles-fork': {} },
  { 'browser-profiles-export': {}, 'browser-profiles-delete': {} },
  { 'browser-extensions-upload': { extensionId: 'id' }, 'browser-extensions-list': {} },
  { 'browser-extensions-get': {}, 'browser-extensions-update': {} },
  { 'browser-extensions-delete': {}, 'api-keys-create': { keyId: 'id' }, 'api-keys-list': {} },
  { 'api-keys-revoke': {}, 'audit-list': {}, 'webhooks-create': { webhookId: 'id' } },
  { 'webhooks-list': {}, 'webhooks-get': {}, 'webhooks-update': {}, 'webhooks-delete': {} },
  { 'runtimes-stop': {}, 'runtimes-delete': {}, 'workspaces-delete': {} },
];

test('the examples work as they are', async ({ service }) => {
  const site = (await openSite('<h1>Example Domain</h1><a href="/more">More</a>')).slice(0, -1);
  const reference = await readReference(service);
  const known: Record<string, string> = {};
  for (const [id, learns] of CALLS.flatMap((group) => Object.entries(group))) {
    const operation = reference.get(id);
    if (!operation) throw new Error(`no operation ${id}`);
    const path = operation.path.startsWith('/v1/operations/')
      ? operation.path.replace('{id}', known['id'] ?? '')
      : filled(withKnown(operation, known));
    const response = await fetch(service.url + path + queryOf(operation), {
      method: operation.method.toUpperCase(),
      ...(await bodyOf(operation, site, service.apiKey)),
    });
    const text = await response.text();
    expect(response.ok, `${id}: ${response.status} ${text.slice(0, 500)}`).toBe(true);
    for (const [name, at] of Object.entries(learns)) known[name] = read(JSON.parse(text), at);
  }
});

function withKnown(operation: Operation, known: Record<string, string>): Operation {
  const parameters = operation.parameters.map((one) => ({
    ...one,
    example: one.name === 'id' ? one.example : (known[one.name] ?? one.example),
  }));
  return { ...operation, parameters };
}

function queryOf({ parameters }: Operation): string {
  const given = parameters.filter((one) => one.in === 'query' && one.required);
  const query = new URLSearchParams(
    given.map(({ name, example }): [string, string] => [name, String(example)]),
  );
  return `?${query.toString()}`;
}

async function bodyOf({ bodies }: Operation, site: string, apiKey: string) {
  const headers = { authorization: `Bearer ${apiKey}` };
  const [[type, example] = []] = bodies;
  if (type === undefined) return { headers };
  if (type === 'multipart/form-data') {
    const body = new FormData();
    body.set('file', new Blob([new Uint8Array(await marker('reference'))]), 'reference.zip');
    return { headers, body };
  }
  const body = typeof example === 'string' ? example : JSON.stringify(example);
  const content = {
    'content-type': type === '*/*' ? 'text/plain' : type,
    accept: 'application/json, text/event-stream',
  };
  return {
    headers: { ...headers, ...content },
    body: body.replaceAll('https://example.com', site),
  };
}

function read(answer: Json, path: string): string {
  return path.split('.').reduce((inner, key) => inner[key], answer);
}
