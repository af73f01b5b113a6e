import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaptchaSite, page } from '../support/captcha-site.ts';
import { openCdp, type Cdp } from '../support/cdp.ts';
import { openTestService, type BrowserService } from '../support/service.ts';
import { openSolver, type TestSolver } from '../support/solver.ts';
import { createWorkspace, type TestWorkspace } from '../support/test.ts';

const KEY = 'a-key';
const SOLVES = { launch: { mode: 'ephemeral', config: { solveCaptchas: true } } };
const TURNSTILE = '<script src="/turnstile/v0/api.js"></script>';
const widget = (siteKey: string, more = '') =>
  `<div class="cf-turnstile" data-sitekey="${siteKey}" data-callback="done" ${more}></div>`;
const CALLBACK = '<script>function done(token) { tell({ token }); }</script>';

let solver: TestSolver;
let service: BrowserService;
let workspace: TestWorkspace;
let runtime: { id: string; connection: { cdpUrl: string } };
let client: Cdp;

beforeAll(async () => {
  solver = await openSolver(KEY);
  const options = { url: solver.url, key: KEY, pollIntervalMs: 20, requestTimeoutMs: 30_000 };
  service = await openTestService({ captchas: { solver: options } });
  workspace = await createWorkspace(service);
  runtime = await workspace.create(SOLVES);
  client = await openCdp(runtime.connection.cdpUrl);
});

afterAll(async () => {
  client[Symbol.dispose]();
  await service[Symbol.asyncDispose]();
  await solver[Symbol.asyncDispose]();
});

/** A new page, and how to do something in it. */
async function open(url: string) {
  const { targetId } = await client.send('Target.createTarget', { url });
  const attach = { targetId, flatten: true };
  const { sessionId } = await client.send('Target.attachToTarget', attach);
  const session = String(sessionId);
  const run = (expression: string) =>
    client.send('Runtime.evaluate', { expression, returnByValue: true }, session);
  return { pageId: String(targetId), session, run };
}

async function typesOf(pageId: string): Promise<string[]> {
  const { json } = await service.call('GET', `${workspace.runtimes}/${runtime.id}/events`);
  return json.events
    .filter((event: { pageId: string }) => event.pageId === pageId)
    .map(({ type }: { type: string }) => type);
}

test('a page that comes back from the cache of the browser is solved as before', async () => {
  const noticed = `<script>addEventListener('pageshow', ({ persisted }) => { isBack = persisted; })</script>`;
  const site = await openCaptchaSite({
    '/': page(`${noticed}${CALLBACK}<div id="later">first</div>${TURNSTILE}`),
    '/other': page('other'),
  });
  const { run, session } = await open(site.url);
  const shows = (text: string) =>
    expect
      .poll(async () => (await run('document.body?.innerText.trim()'))['result'])
      .toMatchObject({ value: text });
  await shows('first');
  // The browser decides which pages it caches: it caches none that is still loading.
  const goAndComeBack = async () => {
    await client.send('Page.navigate', { url: `${site.url}/other` }, session);
    await shows('other');
    await run('history.back()');
    await shows('first');
    return (await run('isBack'))['result'];
  };
  await expect.poll(goAndComeBack).toMatchObject({ value: true });
  await run(`later.outerHTML = ${JSON.stringify(widget('0x4-back'))};
    const field = document.createElement('input');
    field.name = 'cf-turnstile-response';
    document.querySelector('.cf-turnstile').append(field);`);
  await expect.poll(() => site.got).toMatchObject([{ token: expect.stringMatching(/^token-/) }]);
});

test('documents of frames go with their page', async () => {
  const site = await openCaptchaSite({
    '/': page('<iframe srcdoc=1></iframe><iframe srcdoc=2></iframe>'),
  });
  const pages = service.node.live.get(runtime.id)?.browser?.pages;
  using documents = await pages?.followDocuments(() => undefined, new AbortController().signal);
  const { pageId, session } = await open(site.url);
  const here = () => documents?.current.filter(({ place }) => place.pageId === pageId) ?? [];
  for (let n = 0; n < 6; n++) {
    const url = n % 2 === 0 ? site.otherUrl : site.url;
    await client.send('Page.navigate', { url }, session);
    await expect.poll(() => here().length).toBe(3);
  }
});

test('a callback that shows a dialog does not keep the solution from being told', async () => {
  const site = await openCaptchaSite({
    '/': page(
      `<script>function done() { alert('thanks'); }</script>${widget('0x4-alert')}${TURNSTILE}`,
    ),
  });
  const { pageId, session } = await open(site.url);
  await client.send('Page.enable', {}, session);
  await expect.poll(() => typesOf(pageId)).toContain('captcha.solve.succeeded');
  await client.send('Page.handleJavaScriptDialog', { accept: true }, session);
});

test('a page that hangs does not keep the others from being solved', async () => {
  const hanging = await openCaptchaSite({
    '/': page('<script>setTimeout(() => { for (;;); }, 100)</script>'),
  });
  await using other = await openTestService({
    captchas: {
      solver: { url: solver.url, key: KEY, pollIntervalMs: 20, requestTimeoutMs: 30_000 },
    },
  });
  const elsewhere = await createWorkspace(other);
  const { id, connection } = await elsewhere.create();
  using cdp = await openCdp(connection.cdpUrl);
  const site = await openCaptchaSite({ '/': page(`${CALLBACK}${widget('0x4-well')}${TURNSTILE}`) });
  await cdp.send('Target.createTarget', { url: hanging.url });
  await cdp.send('Target.createTarget', { url: site.otherUrl });
  const path = `${elsewhere.runtimes}/${id}/captchas/solve`;
  const answer = await other.call('POST', path, { timeoutMs: 8000 });
  expect(answer).toMatchObject({
    status: 200,
    json: { captchas: [{ siteKey: '0x4-well', status: 'solved' }] },
  });
});

test('a long address is cut where it can be, and one odd attribute hides nothing else', async () => {
  const odd = `data-cdata="${'x'.repeat(2001)}"`;
  const site = await openCaptchaSite({
    '/login': page(`${CALLBACK}${widget('0x4-odd', odd)}${widget('0x4-good')}${TURNSTILE}`),
  });
  await open(`${site.url}/login?continue=${'y'.repeat(2100)}#secret`);
  await expect.poll(() => site.got.length).toBe(2);
  const tasks = solver.tasks.filter(({ websiteKey }) => /-(?:odd|good)$/.test(String(websiteKey)));
  expect(tasks.map(({ websiteURL }) => websiteURL)).toEqual([
    `${site.url}/login`,
    `${site.url}/login`,
  ]);
});

test('a response that was filled in meanwhile is left as it is', async () => {
  const site = await openCaptchaSite({
    '/': page(`${CALLBACK}${widget('0x4-faster')}${TURNSTILE}`),
  });
  solver.behaviour = { kind: 'solves', afterPolls: 20 };
  const { pageId, run } = await open(site.url);
  await expect.poll(() => typesOf(pageId)).toContain('captcha.solve.started');
  await run(`document.querySelector('[name=cf-turnstile-response]').value = 'mine'`);
  await expect.poll(() => typesOf(pageId)).toContain('captcha.solve.succeeded');
  solver.behaviour = { kind: 'solves', afterPolls: 1 };
  const left = await run(`document.querySelector('[name=cf-turnstile-response]').value`);
  expect(left['result']).toMatchObject({ value: 'mine' });
  expect(site.got).toEqual([]);
});

test('the last widget is found, however often a page replaces it', async () => {
  const site = await openCaptchaSite({
    '/': page(`<script>function done(token) { tell({ token, key: document.querySelector('.cf-turnstile').dataset.sitekey }); }</script>
      <div id="box"></div><script>
      let made = 0;
      const make = (key) => { box.innerHTML = '<div class="cf-turnstile" data-callback="done" data-sitekey="' + key + '"><input name="cf-turnstile-response" value="' + (key === '0x4-last' ? '' : 'x') + '"></div>'; };
      const timer = setInterval(() => { make('0x4-' + made); if (++made === 120) { clearInterval(timer); make('0x4-last'); } }, 10);
      </script><script type="not-run" src="/turnstile/v0/api.js"></script>`),
  });
  await open(site.url);
  await expect.poll(() => site.got).toMatchObject([{ key: '0x4-last' }]);
});

test('an unsolved captcha is told once, however often its page is loaded', async () => {
  await using other = await openTestService();
  const elsewhere = await createWorkspace(other);
  const { id, connection } = await elsewhere.create(SOLVES);
  using cdp = await openCdp(connection.cdpUrl);
  const site = await openCaptchaSite({ '/': page(`${widget('0x4-never')}${TURNSTILE}`) });
  for (let n = 0; n < 3; n++) await cdp.send('Target.createTarget', { url: site.url });
  const path = `${elsewhere.runtimes}/${id}`;
  const solve = async () => (await other.call('POST', `${path}/captchas/solve`, {})).json;
  await expect.poll(solve).toMatchObject({
    code: 'captcha.unsupported',
    details: { captchas: [{}, {}, {}] },
  });
  // What happens is recorded beside what is answered.
  const told = async () => {
    const { json } = await other.call('GET', `${path}/events`);
    const types: string[] = json.events.map(({ type }: { type: string }) => type);
    return types.filter((type) => type.startsWith('captcha.')).toSorted();
  };
  await expect.poll(told).toEqual(['captcha.detected', 'captcha.unsupported']);
});
