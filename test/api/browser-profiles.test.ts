import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import type { TestService } from '../support/service.ts';

const PROFILES = '/v1/browser-profiles';
const nameOf = () => `p-${randomUUID().slice(0, 8)}`;
const proxy = {
  host: 'proxy.example',
  port: 8080,
  type: 'socks5',
  username: 'u',
  password: 's3cret',
};

async function createProfile({ call }: TestService, more: object = {}) {
  const made = await call('POST', PROFILES, { name: nameOf(), ...more });
  expect(made, made.text).toMatchObject({ status: 200 });
  return made.json;
}

test('a language that browsers on this machine lack is refused when a profile is created or changed', async ({
  service,
}) => {
  const fingerprint = { locale: 'tlh-KX' };
  const { id } = await createProfile(service);
  for (const answer of [
    await service.call('POST', PROFILES, { name: nameOf(), fingerprint }),
    await service.call('PATCH', `${PROFILES}/${id}`, { fingerprint }),
  ]) {
    expect(answer).toMatchObject({
      status: 422,
      json: {
        code: 'profile.locale_unavailable',
        error: expect.stringContaining('tlh-KX'),
        details: { path: 'fingerprint.locale', languages: expect.arrayContaining(['en']) },
      },
    });
  }
});

test('a profile is created, listed, found, changed and deleted', async ({ service }) => {
  const fingerprint = {
    locale: 'de-DE',
    timezone: 'Europe/Berlin',
    viewport: { width: 1000, height: 700 },
    userAgent: 'Mozilla/5.0 (Test)',
  };
  const made = await createProfile(service, { fingerprint, config: { humanize: true } });
  expect(made).toMatchObject({
    fingerprint,
    config: { humanize: true },
    extensionIds: [],
    currentVersion: null,
    createdAt: expect.any(String),
  });
  const path = `${PROFILES}/${made.id}`;
  expect((await service.call('GET', path)).json).toEqual(made);
  const listed = await service.call('GET', `${PROFILES}?limit=1`);
  expect(listed.json).toMatchObject({ profiles: [made] });
  const changed = await service.call('PATCH', path, { name: 'other', fingerprint: {} });
  expect(changed.json).toMatchObject({
    name: 'other',
    fingerprint: {},
    config: { humanize: true },
  });
  expect((await service.call('GET', `${path}/versions`)).json).toEqual({ versions: [] });
  expect(await service.call('DELETE', path)).toMatchObject({ status: 200, json: { id: made.id } });
  expect(await service.call('GET', path)).toMatchObject({
    status: 404,
    json: { code: 'profile.not_found' },
  });
});

test('a persona is kept with humanize: true, and refused otherwise', async ({ service }) => {
  const config = { humanize: true, humanizePersonaId: 2 ** 31 - 1 };
  const made = await createProfile(service, { config });
  expect(made).toMatchObject({ config });
  for (const wrong of [
    { humanizePersonaId: 1 },
    { humanize: false, humanizePersonaId: 1 },
    { humanize: true, humanizePersonaId: 2 ** 31 },
  ]) {
    for (const answer of [
      await service.call('POST', PROFILES, { name: nameOf(), config: wrong }),
      await service.call('PATCH', `${PROFILES}/${made.id}`, { config: wrong }),
    ]) {
      expect(answer).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
      expect(answer.json.details.issues).toMatchObject([{ path: 'config.humanizePersonaId' }]);
    }
  }
  expect((await service.call('GET', `${PROFILES}/${made.id}`)).json.config).toEqual(config);
});

test('a password is never shown, and is stored sealed', async ({ service }) => {
  const made = await createProfile(service, { config: { proxy } });
  const { password: _, ...shown } = proxy;
  expect(made.config.proxy).toEqual(shown);
  const forked = await service.call('POST', `${PROFILES}/${made.id}/fork`, { name: nameOf() });
  expect(forked).toMatchObject({ status: 200, json: { config: { proxy: shown } } });
  const rows = JSON.stringify(await service.database.db.query.browserProfiles.findMany());
  expect(rows).toContain('sealed:');
  expect(rows + service.logged.join()).not.toContain(proxy.password);
});

test('names are unique within an organization', async ({ service }) => {
  const { name, id } = await createProfile(service);
  const other = await createProfile(service);
  for (const answer of [
    await service.call('POST', PROFILES, { name }),
    await service.call('PATCH', `${PROFILES}/${other.id}`, { name }),
    await service.call('POST', `${PROFILES}/${id}/fork`, { name }),
  ]) {
    expect(answer).toMatchObject({ status: 409, json: { code: 'profile.name_in_use' } });
  }
  expect(await service.callAsOther('POST', PROFILES, { name })).toMatchObject({ status: 200 });
});

test("another organization's profile is not found", async ({ service }) => {
  const { id } = await createProfile(service);
  const path = `${PROFILES}/${id}`;
  for (const [method, rest, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', undefined],
    ['GET', '/versions', undefined],
    ['POST', '/versions/1/restore', undefined],
    ['POST', '/fork', { name: 'x' }],
  ] as const) {
    expect(await service.callAsOther(method, path + rest, body), rest).toMatchObject({
      status: 404,
      json: { code: 'profile.not_found' },
    });
  }
  const launch = { mode: 'profile', profileId: id };
  const body = { alias: 'a', kind: 'browser', launch };
  for (const launchOf of [launch, { ...launch, readOnly: true }]) {
    const answer = await service.callAsOther('POST', '/v1/workspaces/default/runtimes', {
      ...body,
      launch: launchOf,
    });
    expect(answer).toMatchObject({ status: 404, json: { code: 'profile.not_found' } });
  }
});

test('an invalid fingerprint is refused, and the refusal names the field', async ({ service }) => {
  for (const [field, value] of [
    ['locale', 'not a locale'],
    ['locale', 'de_DE!'],
    ['timezone', 'Mars/Olympus'],
    ['timezone', '+05:00'],
    ['viewport', { width: 50, height: 700 }],
    ['viewport', { width: 800 }],
    ['userAgent', 'line\nbreak'],
    ['userAgent', ''],
    ['webgl', true],
  ] as const) {
    const answer = await service.call('POST', PROFILES, {
      name: nameOf(),
      fingerprint: { [field]: value },
    });
    expect(answer, `${field} ${JSON.stringify(value)}`).toMatchObject({
      status: 400,
      json: { details: { issues: [{ path: expect.stringContaining(`fingerprint.${field}`) }] } },
    });
  }
});

test('odd references are not found', async ({ service }) => {
  const { id } = await createProfile(service);
  for (const [path, status] of [
    ['/x', 404],
    ['/%00', 404],
    [`/${randomUUID()}`, 404],
    [`/${id}/versions/1/restore`, 404],
    [`/${id}/versions/0/restore`, 400],
    [`/${id}/versions/99999999999/restore`, 400],
  ] as const) {
    const method = path.endsWith('restore') ? 'POST' : 'GET';
    expect(await service.call(method, PROFILES + path), path).toMatchObject({ status });
  }
});
