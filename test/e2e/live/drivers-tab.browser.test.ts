/** Whoever drives stays in the tab that they drive, and is told what programs want. */
import { onTestFinished } from 'vitest';
import { liveTest } from '../../support/live-test.ts';
import { openSite } from '../../support/site.ts';
import { watch, type TestViewer } from '../../support/viewer.ts';

const test = liveTest().extend('look', async ({ service, runtime }) => async () => {
  const viewer = await watch(service, runtime.path);
  onTestFinished(() => viewer[Symbol.asyncDispose]());
  return viewer;
});

const LINKS = `<style>a, button { position: absolute; left: 0; width: 200px; height: 50px }</style>
  <a href="about:blank#link" target="_blank" style="top: 0">Link</a>
  <button onclick="window.open('about:blank#script')" style="top: 100px">Script</button>`;

const driver = (viewer: TestViewer, wanted: string) =>
  viewer.hear('control', (told) => told.driver === wanted);

const asked = (viewer: TestViewer, reason: string | undefined) =>
  viewer.hear('control', ({ request }) => request?.reason === reason);

/** Waits until a viewer sees the tab of an address. */
async function sees(viewer: TestViewer, url: string): Promise<void> {
  await viewer.hear('tabs', ({ tabs, current }) => {
    return tabs.find(({ id }) => id === current)?.url === url;
  });
}

test('programs move the view of others, and only its own clicks that of whoever drives', async ({
  runtime,
  look,
}) => {
  const { page, browser } = runtime;
  await page.goto(await openSite(LINKS));
  const url = page.url();
  const [one, other] = [await look(), await look()];
  await sees(one, url);
  one.say({ t: 'control', do: 'take' });
  await driver(one, 'you');
  const elsewhere = await browser.newPage();
  await elsewhere.goto('about:blank#program');
  await sees(other, 'about:blank#program');
  // Nobody has clicked for it.
  await page.evaluate('void open("about:blank#early")');
  await sees(other, 'about:blank#early');
  await sees(one, url);
  for (const [y, opened] of [
    [20, 'about:blank#link'],
    [120, 'about:blank#script'],
  ] as const) {
    one.click(20, y);
    await sees(one, opened);
    const popup = (await browser.pages()).find((tab) => tab.url() === opened);
    await popup?.close();
    // Back where it was opened.
    await sees(one, url);
  }
  one.say({ t: 'control', do: 'return' });
  await driver(one, 'agent');
  await elsewhere.mouse.click(1, 1);
  await sees(one, 'about:blank#program');
  for (const tab of await browser.pages()) if (tab !== page) await tab.close();
});

test('one who stays on a tab goes where their own click leads', async ({ runtime, look }) => {
  const { page, browser } = runtime;
  await page.goto(await openSite(LINKS));
  const viewer = await look();
  const { tabs } = await viewer.hear('tabs', (told) =>
    told.tabs.some(({ url }) => url === page.url()),
  );
  viewer.say({ t: 'follow', tab: tabs.find(({ url }) => url === page.url())?.id });
  await viewer.hear('tabs', ({ isFollowing }) => !isFollowing);
  viewer.click(20, 20);
  await sees(viewer, 'about:blank#link');
  await viewer.hear('tabs', ({ isFollowing }) => !isFollowing);
  for (const tab of await browser.pages()) if (tab !== page) await tab.close();
});

test('the reason stays with whoever drives, also of what is asked meanwhile', async ({
  service,
  runtime,
  look,
}) => {
  const [one, other] = [await look(), await look()];
  const ask = (reason: string) =>
    service.call('POST', `${runtime.path}/control/request`, { reason });
  await ask('Log in.');
  await asked(other, 'Log in.');
  one.say({ t: 'control', do: 'take' });
  await driver(one, 'you');
  await asked(one, 'Log in.');
  await asked(other, undefined);
  await ask('And the code.');
  await asked(one, 'And the code.');
  one.say({ t: 'control', do: 'return' });
  await driver(one, 'agent');
  await asked(one, undefined);
  await service.call('POST', `${runtime.path}/control`, { holder: 'human', reason: 'Pay.' });
  await driver(one, 'nobody');
  await asked(one, 'Pay.');
  one.click(5, 5);
  await driver(one, 'you');
  await asked(one, 'Pay.');
  await driver(other, 'human');
  other.click(5, 5);
  await other.hear('notice', ({ isTaken }) => isTaken === true);
  other.say({ t: 'control', do: 'take' });
  await one.hear('control', ({ lost }) => lost === 'taken');
  await asked(other, 'Pay.');
  await service.call('POST', `${runtime.path}/control`, { holder: 'agent' });
  await other.hear('control', ({ lost, driver: who }) => lost === 'returned' && who === 'agent');
});
