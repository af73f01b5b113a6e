import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { expect, onTestFinished } from 'vitest';
import { profileVersions } from '../../src/db/schema/browser-profiles.ts';
import type { TestService } from '../support/service.ts';
import { archiveOf, type TarEntry } from '../support/tar.ts';
import { test } from '../support/test.ts';

const PROFILES = '/v1/browser-profiles';

/** A profile whose version is an archive that no service wrote, recorded with the right checksum. */
async function profileOf({ call, database, dataDir }: TestService, entries: TarEntry[]) {
  const made = await call('POST', PROFILES, { name: `p-${randomUUID().slice(0, 8)}` });
  const { id } = made.json;
  const state = { cookies: [], origins: [] };
  const imported = await call('POST', `${PROFILES}/${id}/storage-state`, state);
  expect(imported).toMatchObject({ status: 200 });
  const isOf = eq(profileVersions.profileId, id);
  const [version] = await database.db.select().from(profileVersions).where(isOf);
  const content = archiveOf(entries);
  await writeFile(join(dataDir, 'objects', version?.key ?? ''), content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await database.db.update(profileVersions).set({ sha256 }).where(isOf);
  return { id, launch: { mode: 'profile', profileId: id } };
}

async function outsideDirectory(): Promise<string> {
  const outside = await mkdtemp(join(tmpdir(), 'bctrl-outside-'));
  onTestFinished(() => rm(outside, { recursive: true, force: true }));
  await mkdir(join(outside, 'empty'));
  await writeFile(join(outside, 'victim'), '{"of":"the machine"}');
  return outside;
}

/** The profile directory of the only profile in use. */
async function checkoutOf({ dataDir }: TestService): Promise<string> {
  const [name = ''] = await readdir(join(dataDir, 'checkouts'));
  return join(dataDir, 'checkouts', name, 'data');
}

test('a launch follows no link in a stored state, and drops files that start programs', async ({
  service,
  workspace,
}) => {
  const outside = await outsideDirectory();
  const { id, launch } = await profileOf(service, [
    { name: './Default/', type: 'directory' },
    { name: './Default/Preferences', type: 'link', to: join(outside, 'victim') },
    { name: './Default/Local Storage', type: 'link', to: join(outside, 'empty') },
    { name: './Default/run', content: '#!/bin/sh', mode: 0o755 },
    { name: './Default/Extensions/a/manifest.json', content: '{}' },
    { name: './NativeMessagingHosts/com.evil.host.json', content: '{"path":"/bin/sh"}' },
    { name: './External Extensions/a.json', content: '{}' },
    { name: './WidevineCdm/latest-component-updated-widevine-cdm', content: '{"Path":"/tmp"}' },
  ]);
  const runtime = await workspace.create({ launch });
  const data = await checkoutOf(service);
  const state = await readdir(join(data, 'Default'), { withFileTypes: true });
  expect(state.filter((entry) => entry.isSymbolicLink())).toEqual([]);
  expect(state.map(({ name }) => name)).toContain('Preferences');
  expect((await stat(join(data, 'Default/run'))).mode & 0o111).toBe(0);
  expect(await readdir(data)).not.toContain('External Extensions');
  expect(await readdir(data)).not.toContain('WidevineCdm');
  expect(state.map(({ name }) => name)).not.toContain('Extensions');
  const hosts = await readdir(join(data, 'NativeMessagingHosts')).catch(() => []);
  expect(hosts).toEqual([]);
  await workspace.stop(runtime.id);
  expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('{"of":"the machine"}');
  expect(await readdir(join(outside, 'empty'))).toEqual([]);
  expect((await service.call('GET', `${PROFILES}/${id}/versions`)).json.versions).toHaveLength(2);
});

test('a state that is a link is replaced by an empty one, and one that leaves its directory is refused', async ({
  service,
  workspace,
}) => {
  const outside = await outsideDirectory();
  const linked = await profileOf(service, [
    { name: './Default', type: 'link', to: join(outside, 'empty') },
  ]);
  const { id } = await workspace.create({ launch: linked.launch });
  await workspace.stop(id);
  expect(await readdir(join(outside, 'empty'))).toEqual([]);
  const escaping = await profileOf(service, [{ name: './Default/../../escaped', content: 'x' }]);
  const refused = await service.call('POST', workspace.runtimes, {
    alias: 'escaping',
    kind: 'browser',
    launch: escaping.launch,
  });
  expect(refused).toMatchObject({ status: 503, json: { code: 'service.unavailable' } });
  expect(await readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
});
