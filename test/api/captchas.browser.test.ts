import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaptchaSite, page } from '../support/captcha-site.ts';
import { openCdp, type Cdp } from '../support/cdp.ts';
import { openHttpProxy } from '../support/proxies.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { openSolver, type Behaviour, type TestSolver } from '../support/solver.ts';
import { createWorkspace, type TestWorkspace } from '../support/test.ts';

const KEY = 'a-key-that-nobody-may-see';
const SOLVES = { launch: { mode: 'ephemeral', config: { solveCaptchas: true } } };
const RECAPTCHA = '<script src="/recaptcha/api.js"></script>';
const ENTERPRISE = '<script src="/recaptcha/enterprise.js"></script>';
const HCAPTCHA = '<script src="/1/api.js"></script>';
const TURNSTILE = '<script src="/turnstile/v0/api.js"></script>';
const told = (field: string) =>
  `<script>function done(token) { tell({ token, response: response('${field}') }); }</script>`;
const rendered = (script: string, call: string) =>
  `<div id="here"></div><script>function ready() { ${call} }</script>
   <script src="${script}?onload=ready&render=explicit"></script>`;

let solver: TestSolver;
let service: TestService;
let workspace: TestWorkspace;
/** A runtime that solves every captcha, and a client of it. */
// oxlint-disable-next-line typescript/no-explicit-any
let runtime: any;
let client: Cdp;
/** A runtime that solves captchas on request, and a client of it. */
// oxlint-disable-next-line typescript/no-explicit-any
let manual: any;
let manualClient: Cdp;

beforeAll(async () => {
  solver = await openSolver(KEY);
  const options = { url: solver.url, key: KEY, pollIntervalMs: 20, requestTimeoutMs: 1500 };
  service = await openTestService({ captchas: { solver: options, solvesPerRuntime: 16 } });
  workspace = await createWorkspace(service);
  runtime = await workspace.create(SOLVES);
  client = await openCdp(runtime.connection.cdpUrl);
  manual = await workspace.create();
  manualClient = await openCdp(manual.connection.cdpUrl);
});

afterAll(async () => {
  client[Symbol.dispose]();
  manualClient[Symbol.dispose]();
  await service[Symbol.asyncDispose]();
  await solver[Symbol.asyncDispose]();
});

async function open(html: string, more: Record<string, string | (() => unknown)> = {}) {
  const site = await openCaptchaSite({ '/': html, ...more });
  const { targetId } = await client.send('Target.createTarget', { url: site.url });
  return { site, pageId: String(targetId) };
}

async function nextEvent(id: string, type: string, pageId?: string) {
  const body = { after: '0', eventTypes: [type], timeoutMs: 20_000, ...(pageId && { pageId }) };
  const path = `${workspace.runtimes}/${id}/events/wait`;
  return (await service.call('POST', path, body)).json.event;
}

test.for<[string, string, object, string]>([
  [
    'recaptcha_v2',
    `<div class="g-recaptcha" data-sitekey="6L-markup" data-callback="done"></div>${RECAPTCHA}${told('g-recaptcha-response')}`,
    { type: 'RecaptchaV2TaskProxyless', websiteKey: '6L-markup', isInvisible: false },
    '6L-markup',
  ],
  [
    'recaptcha_v2',
    told('g-recaptcha-response') +
      rendered(
        '/recaptcha/api.js',
        `grecaptcha.render('here', { sitekey: '6L-call', callback: done })`,
      ),
    { type: 'RecaptchaV2TaskProxyless', websiteKey: '6L-call' },
    '6L-call',
  ],
  [
    'recaptcha_v2_enterprise',
    `<div class="g-recaptcha" data-sitekey="6L-ent" data-s="s-value" data-callback="done"></div>${ENTERPRISE}${told('g-recaptcha-response')}`,
    { type: 'RecaptchaV2EnterpriseTaskProxyless', enterprisePayload: { s: 's-value' } },
    '6L-ent',
  ],
  [
    'hcaptcha',
    `<div class="h-captcha" data-sitekey="h-markup" data-callback="done"></div>${HCAPTCHA}${told('h-captcha-response')}`,
    { type: 'HCaptchaTaskProxyless', websiteKey: 'h-markup', userAgent: expect.any(String) },
    'h-markup',
  ],
  [
    'hcaptcha',
    told('h-captcha-response') +
      rendered('/1/api.js', `hcaptcha.render('here', { sitekey: 'h-call', callback: done })`),
    { type: 'HCaptchaTaskProxyless', websiteKey: 'h-call' },
    '',
  ],
  [
    'turnstile',
    `<div class="cf-turnstile" data-sitekey="0x4-markup" data-action="login" data-callback="done"></div>${TURNSTILE}${told('cf-turnstile-response')}`,
    { type: 'TurnstileTaskProxyless', websiteKey: '0x4-markup', action: 'login' },
    '0x4-markup',
  ],
  [
    'turnstile',
    told('cf-turnstile-response') +
      rendered(
        '/turnstile/v0/api.js',
        `turnstile.render('#here'.slice(1), { sitekey: '0x4-call', callback: (t) => done(t) })`,
      ),
    { type: 'TurnstileTaskProxyless', websiteKey: '0x4-call' },
    '',
  ],
])(
  '%s gets its token where the widget puts it, and its callback is called: %s',
  async ([kind, html, task, siteKey]) => {
    const { site, pageId } = await open(page(html));
    const event = await nextEvent(runtime.id, 'captcha.solve.succeeded', pageId);
    expect(event.data).toMatchObject({
      kind,
      site: site.url,
      siteKey: siteKey || null,
      attempt: 1,
      cost: '0.00299',
      callbackCalled: true,
    });
    await expect.poll(() => site.got.length).toBe(1);
    const token = `token-${solver.tasks.length}`;
    expect(site.got).toEqual([{ token, response: token }]);
    expect(solver.tasks.at(-1)).toMatchObject({ websiteURL: `${site.url}/`, ...task });
  },
);

test('the next execute of reCAPTCHA v3 is answered with the token, for its action', async () => {
  const { site, pageId } = await open(
    page(`<script src="/recaptcha/api.js?render=6L-score"></script>
      <script>
        const send = (action) => grecaptcha.execute('6L-score', { action: action }).then((token) => tell({ action, token }));
        function submit() { grecaptcha.execute('6L-score', { action: 'submit' }).then((token) => tell({ token })); }
      </script>`),
  );
  await nextEvent(runtime.id, 'captcha.solve.succeeded', pageId);
  expect(solver.tasks.at(-1)).toMatchObject({
    type: 'RecaptchaV3TaskProxyless',
    websiteKey: '6L-score',
    pageAction: 'submit',
  });
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: pageId,
    flatten: true,
  });
  const expression = `send('home').then(() => send('submit')).then(() => send('submit'))`;
  const params = { expression, awaitPromise: true };
  await client.send('Runtime.evaluate', params, String(sessionId));
  expect(site.got).toEqual([
    { action: 'home', token: 'of the vendor for home' },
    { action: 'submit', token: `token-${solver.tasks.length}` },
    { action: 'submit', token: 'of the vendor for submit' },
  ]);
});

test('an image that its author marked is read, and the answer is typed', async () => {
  solver.behaviour = { kind: 'solves', afterPolls: 1, text: 'w3lcome' };
  const svg = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30"><text y="20">w3lcome</text></svg>')}`;
  const { site, pageId } = await open(
    page(`<img src="${svg}" data-captcha="image" data-captcha-input="answer">
      <input id="answer" oninput="tell({ typed: value })">`),
  );
  expect(await nextEvent(runtime.id, 'captcha.solve.succeeded', pageId)).toMatchObject({
    data: { kind: 'image', site: site.url },
  });
  await expect.poll(() => site.got).toEqual([{ typed: 'w3lcome' }]);
  const { type, body } = solver.tasks.at(-1) ?? {};
  expect(type).toBe('ImageToTextTask');
  expect(Buffer.from(String(body), 'base64').subarray(1, 4).toString()).toBe('PNG');
  solver.behaviour = { kind: 'solves', afterPolls: 1 };
});

test('an image of another site is read without asking for it again', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30"></svg>';
  const asked: string[] = [];
  const picture = () => {
    asked.push('picture');
    return Buffer.from(svg);
  };
  const routes: Record<string, string | (() => unknown)> = { '/picture': picture };
  const site = await openCaptchaSite(routes);
  routes['/'] =
    page(`<img src="${site.otherUrl}/picture" data-captcha="image" data-captcha-input="answer">
    <input id="answer" oninput="tell({ typed: value })">`);
  await client.send('Target.createTarget', { url: site.url });
  await expect.poll(() => site.got.length).toBe(1);
  expect(solver.tasks.at(-1)).toEqual({
    type: 'ImageToTextTask',
    body: Buffer.from(svg).toString('base64'),
  });
  expect(asked).toEqual(['picture']);
});

test('mCaptcha works in its frame, as after a click', async () => {
  const routes: Record<string, string> = {
    '/widget/': page(`<input type="checkbox" id="widget__verification-checkbox">
      <span id="widget__verification-text--after" style="display: none">Verified!</span>
      <span id="widget__verification-text--error" style="display: none">Error</span>
      <script>
        const byId = (id) => document.getElementById('widget__verification-' + id);
        byId('checkbox').addEventListener('click', async () => {
          for (let nonce = 0; ; nonce++) {
            const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('phrase' + nonce));
            if (new Uint8Array(hash)[0] !== 0) continue;
            byId('text--after').style.display = 'inline';
            return parent.postMessage({ token: nonce }, '*');
          }
        });
      </script>`),
  };
  const site = await openCaptchaSite(routes);
  routes['/'] = page(`<script>addEventListener('message', ({ data }) => tell(data))</script>
    <iframe src="${site.otherUrl}/widget/?sitekey=m-key"></iframe>`);
  const { targetId } = await client.send('Target.createTarget', { url: site.url });
  const event = await nextEvent(runtime.id, 'captcha.solve.succeeded', String(targetId));
  expect(event.data).toMatchObject({ kind: 'mcaptcha', site: site.otherUrl });
  await expect.poll(() => site.got.length).toBe(1);
  const proof = createHash('sha256')
    .update(`phrase${String(site.got[0]?.['token'])}`)
    .digest();
  expect(proof[0]).toBe(0);
});

test('a page that empties the response gets another token, up to the configured number of times', async () => {
  const { site, pageId } = await open(
    page(`<script>function done(token) { tell({ token }); grecaptcha.reset(); }</script>
      <div class="g-recaptcha" data-sitekey="6L-reset" data-callback="done"></div>${RECAPTCHA}`),
  );
  await expect.poll(() => site.got.length).toBe(2);
  expect(await nextEvent(runtime.id, 'captcha.solve.started', pageId)).toMatchObject({
    data: { attempt: 1 },
  });
  expect(site.got[0]).not.toEqual(site.got[1]);
  expect(await nextEvent(runtime.id, 'captcha.solve.failed', pageId)).toMatchObject({
    data: { code: 'captcha.rejected' },
  });
});

test('a page notices nothing but its response and its callback', async () => {
  const { site, pageId } = await open(
    page(`<script>
      const before = new Set(Object.getOwnPropertyNames(window));
      const seen = [];
      const odd = new Error();
      Object.defineProperty(odd, 'stack', { get: () => seen.push('stack') });
      new MutationObserver((records) => seen.push(...records.map(({ type, attributeName }) => type + ' ' + attributeName)))
        .observe(document, { subtree: true, attributes: true });
      const queried = Document.prototype.querySelectorAll;
      Document.prototype.querySelectorAll = function (...args) { seen.push('query'); return queried.apply(this, args); };
      addEventListener('error', () => seen.push('error'));
      addEventListener('unhandledrejection', () => seen.push('rejection'));
      function done() {
        console.debug(odd);
        const added = Object.getOwnPropertyNames(window).filter((name) => !before.has(name));
        setTimeout(() => tell({ seen, added }), 50);
      }
      before.add('done').add('response').add('tell');
    </script>
    <div class="cf-turnstile" data-sitekey="0x4-quiet" data-callback="done"></div>
    <script>
      const box = document.querySelector('.cf-turnstile');
      const field = document.createElement('input');
      field.name = 'cf-turnstile-response';
      box.append(field);
    </script>
    <script type="not-run" src="/turnstile/v0/api.js"></script>`),
  );
  // Without a wait for events, which observes pages over \`Runtime\`.
  await expect.poll(() => site.got.length).toBe(1);
  expect(site.got).toEqual([{ seen: [], added: [] }]);
  await client.send('Target.closeTarget', { targetId: pageId });
});

test('a runtime stops at its limit of tries, and says so', async () => {
  const html = `<div class="g-recaptcha" data-sitekey="6L-more" data-callback="done"></div>${RECAPTCHA}${told('g-recaptcha-response')}`;
  await expect
    .poll(async () => {
      await open(page(html));
      const path = `${workspace.runtimes}/${runtime.id}/captchas/solve`;
      return (await service.call('POST', path, {})).json.code;
    })
    .toBe('captcha.limit_reached');
  const path = `${workspace.runtimes}/${runtime.id}/events`;
  const countOf = async (event: { type: string; data?: object }) => {
    const { json } = await service.call('GET', path);
    return json.events.filter((one: { type: string; data: { code?: string } }) => {
      return one.type === event.type && (!event.data || one.data.code === 'captcha.limit_reached');
    }).length;
  };
  await expect.poll(() => countOf({ type: 'captcha.solve.started' })).toBe(16);
  await expect.poll(() => countOf({ type: 'captcha.solve.failed', data: {} })).toBe(1);
});

test.for<[Behaviour, number, string, number]>([
  [refuses('ERROR_KEY_DOES_NOT_EXIST'), 502, 'captcha.solver_refused', 1],
  [refuses('ERROR_ZERO_BALANCE'), 502, 'captcha.no_balance', 1],
  [refuses('ERROR_CAPTCHA_UNSOLVABLE'), 502, 'captcha.unsolvable', 2],
  [{ kind: 'fails', requests: 99 }, 502, 'captcha.solver_unavailable', 2],
  [{ kind: 'says nothing' }, 502, 'captcha.solver_unavailable', 2],
  [{ kind: 'says nonsense' }, 502, 'captcha.solver_failed', 1],
  [{ kind: 'solves', afterPolls: 1_000_000 }, 502, 'captcha.timeout', 0],
])('%j is a %i %s, and the page stays as it was', async ([behaviour, status, code, attempts]) => {
  const { id } = manual;
  const html = `<div class="h-captcha" data-sitekey="h-fails" data-callback="done"></div>${HCAPTCHA}${told('h-captcha-response')}`;
  const site = await openCaptchaSite({ '/': page(html) });
  const { targetId } = await manualClient.send('Target.createTarget', { url: site.url });
  solver.behaviour = behaviour;
  const timeoutMs = code === 'captcha.timeout' ? 4000 : 15_000;
  const path = `${workspace.runtimes}/${id}`;
  const body = { pageId: targetId, timeoutMs };
  const answer = await service.call('POST', `${path}/captchas/solve`, body);
  expect(answer).toMatchObject({ status, json: { code } });
  const attach = { targetId, flatten: true };
  const { sessionId } = await manualClient.send('Target.attachToTarget', attach);
  const params = { expression: `response('h-captcha-response')` };
  const left = await manualClient.send('Runtime.evaluate', params, String(sessionId));
  expect(left['result']).toMatchObject({ value: '' });
  const failed = async () => {
    const { json } = await service.call('GET', `${path}/events`);
    return json.events.filter(
      ({ type, pageId }: { type: string; pageId: string }) =>
        type === 'captcha.solve.failed' && pageId === targetId,
    );
  };
  await expect.poll(async () => (await failed()).length).toBe(attempts);
  const warned = service.logged.filter((line) => line.includes(id) && line.includes(code));
  expect(warned.length).toBe(attempts > 0 ? 1 : 0);
  expect(site.got).toEqual([]);
  const said = answer.text + JSON.stringify(await failed()) + service.logged.join();
  expect(said).not.toContain(KEY);
  solver.behaviour = { kind: 'solves', afterPolls: 1 };
});

test("only the solver is told the password of the runtime's proxy", async () => {
  const { port } = await openHttpProxy({ username: 'user', password: 'a-password' });
  const proxy = { type: 'http', host: '127.0.0.1', port, username: 'user', password: 'a-password' };
  const { id, connection } = await workspace.create({
    launch: { mode: 'ephemeral', config: { proxy } },
  });
  using other = await openCdp(connection.cdpUrl);
  const html = `<div class="g-recaptcha" data-sitekey="6L-proxied" data-callback="done"></div>${RECAPTCHA}${told('g-recaptcha-response')}`;
  const site = await openCaptchaSite({ '/': page(html) });
  const { targetId } = await other.send('Target.createTarget', { url: site.url });
  const path = `${workspace.runtimes}/${id}`;
  const answer = await service.call('POST', `${path}/captchas/solve`, {});
  expect(answer).toMatchObject({
    status: 200,
    json: {
      captchas: [
        { kind: 'recaptcha_v2', siteKey: '6L-proxied', pageId: targetId, status: 'solved' },
      ],
    },
  });
  expect(solver.tasks.at(-1)).toMatchObject({
    type: 'RecaptchaV2Task',
    proxyType: 'http',
    proxyAddress: '127.0.0.1',
    proxyPort: port,
    proxyLogin: 'user',
    proxyPassword: 'a-password',
    userAgent: expect.stringContaining('Chrome/'),
  });
  await nextEvent(id, 'captcha.solve.succeeded');
  const events = await service.call('GET', `${path}/events`);
  expect(answer.text + events.text + service.logged.join()).not.toContain('a-password');
});

function refuses(errorCode: string): Behaviour {
  return { kind: 'refuses', errorCode, at: 'createTask' };
}
