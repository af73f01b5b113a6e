import { expect } from 'vitest';
import { openCdp } from '../support/cdp.ts';
import { openCaptchaSite, packageFile, page } from '../support/captcha-site.ts';
import { altcha, capServer, friendlyServer } from '../support/proof-of-work.ts';
import { test, type TestWorkspace } from '../support/test.ts';
import type { TestService } from '../support/service.ts';

const TURNSTILE = '<script src="/turnstile/v0/api.js"></script>';
const SOLVES = { launch: { mode: 'ephemeral', config: { solveCaptchas: true } } };

async function nextEvent(service: TestService, workspace: TestWorkspace, id: string, type: string) {
  const path = `${workspace.runtimes}/${id}/events/wait`;
  const waited = await service.call('POST', path, {
    after: '0',
    eventTypes: [type],
    timeoutMs: 20_000,
  });
  return waited.json.event;
}

test('ALTCHA is solved by the page itself, and its server takes the proof', async ({
  service,
  workspace,
}) => {
  const site = await openCaptchaSite({
    '/altcha.js': await packageFile('altcha'),
    '/challenge': () => altcha.challenge(),
    '/': page(
      '<form><altcha-widget challenge="/challenge"></altcha-widget></form>',
      '<script type="module" src="/altcha.js"></script>',
    ).replace(
      '</form>',
      `</form><script>document.querySelector('altcha-widget').addEventListener('statechange', ({ detail }) => {
        if (detail.state === 'verified') tell({ payload: detail.payload });
      })</script>`,
    ),
  });
  const { id, connection, warnings } = await workspace.create(SOLVES);
  expect(warnings).toEqual([
    {
      code: 'captcha.no_solver',
      message: expect.any(String),
      kinds: expect.arrayContaining(['recaptcha_v2', 'hcaptcha', 'turnstile', 'image']),
    },
  ]);
  using client = await openCdp(connection.cdpUrl);
  const { targetId } = await client.send('Target.createTarget', { url: site.url });
  const solved = await nextEvent(service, workspace, id, 'captcha.solve.succeeded');
  expect(solved).toMatchObject({
    pageId: targetId,
    data: {
      kind: 'altcha',
      site: site.url,
      siteKey: null,
      attempt: 1,
      durationMs: expect.any(Number),
    },
  });
  await expect.poll(() => site.got.length).toBe(1);
  expect(await altcha.verify(String(site.got[0]?.['payload']))).toBe(true);
});

test('Cap is solved in a frame of another site, and its server takes the token', async ({
  service,
  workspace,
}) => {
  const cap = capServer();
  const routes: Record<string, string | ((body: unknown) => unknown)> = {
    '/cap.js': await packageFile('@cap.js/widget/cap.min.js'),
    '/cap/challenge': () => cap.challenge(),
    '/cap/redeem': (body) => cap.redeem(body),
    '/frame': page(
      '<cap-widget data-cap-api-endpoint="/cap/"></cap-widget>',
      `<script>CAP_CUSTOM_WASM_URL = '/none'</script><script src="/cap.js"></script>`,
    ).concat(
      `<script>document.querySelector('cap-widget').addEventListener('solve', ({ detail }) => tell(detail))</script>`,
    ),
  };
  const site = await openCaptchaSite(routes);
  routes['/'] = page(`<iframe src="${site.otherUrl}/frame"></iframe>`);
  const { id, connection } = await workspace.create(SOLVES);
  using client = await openCdp(connection.cdpUrl);
  const { targetId } = await client.send('Target.createTarget', { url: site.url });
  expect(await nextEvent(service, workspace, id, 'captcha.solve.succeeded')).toMatchObject({
    pageId: targetId,
    data: { kind: 'cap', site: site.otherUrl },
  });
  await expect.poll(() => site.got.length).toBe(1);
  expect(await cap.verify(String(site.got[0]?.['token']))).toBe(true);
});

test('Friendly Captcha is solved, and every solution has its proof', async ({
  service,
  workspace,
}) => {
  const friendly = friendlyServer();
  const site = await openCaptchaSite({
    '/friendly.js': await packageFile('friendly-challenge/widget.js'),
    '/puzzle': () => friendly.puzzle(),
    '/': page(
      // The widget itself refuses browsers that say they are automated, unless its site is for them.
      `<script>
        Object.defineProperty(navigator, 'webdriver', { value: false });
        done = (solution) => tell({ solution });
      </script>
      <div class="frc-captcha" data-sitekey="FCMKEY" data-start="none" data-callback="done" data-puzzle-endpoint="/puzzle"></div>
      <script src="/friendly.js"></script>`,
    ),
  });
  const { id, connection } = await workspace.create(SOLVES);
  using client = await openCdp(connection.cdpUrl);
  await client.send('Target.createTarget', { url: site.url });
  expect(await nextEvent(service, workspace, id, 'captcha.solve.succeeded')).toMatchObject({
    data: { kind: 'friendly_captcha', siteKey: 'FCMKEY' },
  });
  await expect.poll(() => site.got.length).toBe(1);
  expect(friendly.verify(String(site.got[0]?.['solution']))).toBe(true);
});

test('a widget whose server takes no proof is tried the configured number of times, and the reason is told', async ({
  service,
  workspace,
}) => {
  const cap = capServer();
  const site = await openCaptchaSite({
    '/cap.js': await packageFile('@cap.js/widget/cap.min.js'),
    '/cap/challenge': () => cap.challenge(),
    '/cap/redeem': () => ({ success: false }),
    '/': page(
      '<cap-widget data-cap-api-endpoint="/cap/"></cap-widget>',
      `<script>CAP_CUSTOM_WASM_URL = '/none'</script><script src="/cap.js"></script>`,
    ),
  });
  const { id, connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  await client.send('Target.createTarget', { url: site.url });
  const answer = await service.call('POST', `${workspace.runtimes}/${id}/captchas/solve`, {});
  expect(answer).toMatchObject({
    status: 502,
    json: { code: 'captcha.rejected', details: { captchas: [{ kind: 'cap', status: 'failed' }] } },
  });
  const told = async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}/events`);
    return json.events
      .filter(({ type }: { type: string }) => type.startsWith('captcha.'))
      .map(({ type, data }: { type: string; data: object }) => [type, data]);
  };
  await expect.poll(told).toMatchObject([
    ['captcha.detected', { kind: 'cap' }],
    ['captcha.solve.started', { attempt: 1 }],
    ['captcha.solve.failed', { attempt: 1, code: 'captcha.rejected' }],
    ['captcha.solve.started', { attempt: 2 }],
    ['captcha.solve.failed', { attempt: 2, code: 'captcha.rejected' }],
  ]);
});

test('without a solver a create warns, and a solve is answered 422', async ({
  service,
  workspace,
}) => {
  const site = await openCaptchaSite({
    '/': page('<div class="cf-turnstile" data-sitekey="0x4A"></div>', TURNSTILE),
  });
  const profile = await service.call('POST', '/v1/browser-profiles', {
    name: 'solves',
    config: { solveCaptchas: true },
  });
  const launch = { mode: 'profile', profileId: profile.json.id };
  const { id, connection, warnings } = await workspace.create({ launch });
  expect(warnings).toMatchObject([{ code: 'captcha.no_solver' }]);
  using client = await openCdp(connection.cdpUrl);
  const { targetId } = await client.send('Target.createTarget', { url: site.url });
  expect(await nextEvent(service, workspace, id, 'captcha.unsupported')).toMatchObject({
    pageId: targetId,
    data: { kind: 'turnstile', site: site.url, siteKey: '0x4A' },
  });
  const path = `${workspace.runtimes}/${id}/captchas/solve`;
  expect(await service.call('POST', path, { pageId: targetId })).toMatchObject({
    status: 422,
    json: {
      code: 'captcha.unsupported',
      details: { captchas: [{ kind: 'turnstile', status: 'unsupported' }] },
    },
  });
  expect(await service.call('POST', path, { pageId: 'another' })).toMatchObject({
    status: 404,
    json: { code: 'captcha.not_found' },
  });
  // Also in a short time: that there is no captcha is no timeout.
  expect(await service.call('POST', path, { pageId: 'another', timeoutMs: 1000 })).toMatchObject({
    status: 404,
    json: { code: 'captcha.not_found' },
  });
  expect((await workspace.stop(id)).json.warnings).toBeUndefined();
  expect(await service.call('POST', path, {})).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
});
