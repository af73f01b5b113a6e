import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { ClusterProcess } from '../../support/cluster.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { marker } from '../../support/packages.ts';
import { at, createOn, type ReplicasTest } from '../../support/replicas.ts';
import { openSite } from '../../support/site.ts';
import { openStorageSite } from '../../support/storage-site.ts';
import { createWorkspace } from '../../support/test.ts';

const PROFILES = '/v1/browser-profiles';
const EXTENSIONS = '/v1/browser-extensions';

async function createProfile({ call }: ClusterProcess) {
  const made = await call('POST', PROFILES, { name: `p-${randomUUID().slice(0, 8)}` });
  const id: string = made.json.id;
  return { path: `${PROFILES}/${id}`, launch: { mode: 'profile', profileId: id } };
}

/** Sends a file, as it is or in a form. */
async function send({ url, apiKey }: ClusterProcess, path: string, body: Buffer | FormData) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(Buffer.isBuffer(body) && { 'content-type': 'application/zip' }),
    },
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : body,
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  const json: any = await response.json();
  return { status: response.status, json };
}

async function download({ url, apiKey }: ClusterProcess, path: string): Promise<Buffer> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** How profiles and extensions pass between machines, at any API. */
export function testProfiles(test: ReplicasTest): void {
  test('a profile that one node saved is opened by the other', async ({
    replicas: { nodes, first, second },
  }) => {
    const site = await openStorageSite();
    const workspace = await createWorkspace(first);
    const { path, launch } = await createProfile(second);
    const [one, other] = nodes;
    const written = await createOn(one, workspace, { launch });
    const page = await puppeteerPage(written.connection.cdpUrl, site);
    await page.evaluate(`document.cookie = 'key=kept; max-age=100000'`);
    const stopped = await second.call('POST', `${workspace.runtimes}/${written.id}/stop`);
    expect(stopped).toMatchObject({ status: 200, json: { status: 'stopped' } });
    const saved = await second.call('GET', `${path}/versions`);
    expect(saved.json.versions[0]).toMatchObject({ kind: 'saved', runtimeId: written.id });
    const read = await createOn(other, workspace, { launch });
    const again = await puppeteerPage(at(second, read.connection.cdpUrl), site);
    expect(await again.evaluate('document.cookie')).toBe('key=kept');
  });

  test('states of profiles pass in and out at an API that has no browsers', async ({
    replicas: { first, second },
  }) => {
    const site = await openStorageSite();
    const cookies = [{ name: 'key', value: 'given', url: site }];
    const origins = [
      { origin: new URL(site).origin, localStorage: [{ name: 'key', value: 'stored' }] },
    ];
    const original = await createProfile(first);
    const imported = await second.call('POST', `${original.path}/storage-state`, {
      cookies,
      origins,
    });
    expect(imported, imported.text).toMatchObject({ status: 200, json: { kind: 'imported' } });
    const exported = await first.call('GET', `${original.path}/versions/1/storage-state`);
    expect(exported, exported.text).toMatchObject({
      status: 200,
      json: { cookies: [{ name: 'key', value: 'given' }], origins },
    });
    const archive = await download(second, `${original.path}/versions/1/export`);
    const copy = await createProfile(second);
    const sent = await send(first, `${copy.path}/import`, archive);
    expect(sent).toMatchObject({ status: 200, json: { version: 1, kind: 'imported' } });
    const { create } = await createWorkspace(second);
    const { connection } = await create({ launch: copy.launch });
    const page = await puppeteerPage(connection.cdpUrl, site);
    expect(await page.evaluate('[document.cookie, localStorage.getItem("key")]')).toEqual([
      'key=given',
      'stored',
    ]);
  });

  test('an extension that is uploaded at an API without browsers is tried out, and loaded on any node', async ({
    replicas: { nodes, first, second },
  }) => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(await marker('Shared'))]), 'package');
    const added = await send(first, `${EXTENSIONS}/upload`, form);
    expect(added).toMatchObject({ status: 200, json: { version: '1.0' } });
    const broken = new FormData();
    const odd = await marker('Odd', { permissions: 7 });
    broken.set('file', new Blob([new Uint8Array(odd)]), 'package');
    expect(await send(second, `${EXTENSIONS}/upload`, broken)).toMatchObject({
      status: 400,
      json: { code: 'extension.invalid_package' },
    });
    const workspace = await createWorkspace(second);
    const launch = { mode: 'ephemeral', extensionIds: [added.json.id] };
    const site = await openSite();
    for (const node of nodes) {
      const { id, connection } = await createOn(node, workspace, { launch });
      const page = await puppeteerPage(connection.cdpUrl, site);
      const mark = page.waitForFunction('document.documentElement.dataset.Shared');
      expect(await (await mark).jsonValue()).toMatch(/^[a-p]{32}$/);
      const used = await first.call('DELETE', `${EXTENSIONS}/${added.json.id}`);
      expect(used).toMatchObject({ status: 409, json: { code: 'extension.in_use' } });
      await first.call('POST', `${workspace.runtimes}/${id}/stop`);
    }
    const removed = await second.call('DELETE', `${EXTENSIONS}/${added.json.id}`);
    expect(removed).toMatchObject({ status: 200 });
  });
}
