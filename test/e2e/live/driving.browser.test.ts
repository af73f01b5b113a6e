/** The live page tells who drives, what the agent asks for, and how a person gets control and loses it. */
import { expect, onTestFinished } from 'vitest';
import { control, HELLO, TABS, test, YOU_DRIVE, type Viewer } from '../../support/live-viewer.ts';

const REQUEST = { reason: 'A code was sent by text message.', at: '2026-11-30T00:00:00Z' };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true } as const;
const WITHOUT_CONTROLS = { hello: { showControls: false } };

const helpOf = ({ page }: Viewer) => page.getByRole('alert').filter({ hasText: REQUEST.reason });
const noticesOf = ({ page }: Viewer) => page.getByRole('log', { name: 'Notices' });

/** What was said to take control, or to give it back. */
const turns = async ({ said }: Viewer) => (await said('control')).map((one) => one.do);

test.for([1000, 820, 390])(
  'what the agent asks for is a line above the picture, in a window of %i pixels',
  async (width, { open }) => {
    const viewer = await open({ viewport: { width, height: 844 }, hasTouch: width < 1000 });
    const { page, peer } = viewer;
    for (const driver of ['agent', 'nobody', 'you'] as const) {
      peer.say(control({ driver, request: REQUEST }));
      await helpOf(viewer)
        .getByRole('button', { name: driver === 'you' ? 'Done, hand back' : 'Take control' })
        .waitFor();
      const [line, picture] = await Promise.all([
        helpOf(viewer).boundingBox(),
        page.locator('canvas').boundingBox(),
      ]);
      expect(picture?.y).toBeGreaterThanOrEqual((line?.y ?? 0) + (line?.height ?? 0));
    }
  },
);

test('a request that is hidden is in the badge and in the title, until somebody drives', async ({
  open,
}) => {
  const viewer = await open();
  const { page, peer } = viewer;
  peer.say(control({ request: REQUEST }));
  const help = helpOf(viewer);
  await help.getByRole('button', { name: 'Hide' }).click();
  await help.waitFor({ state: 'detached' });
  await expect.poll(() => page.title()).toBe('● Help wanted – First page – Live view');
  const badge = page.getByRole('button', { name: 'Program waits for you' });
  expect(
    await page.evaluate(`getComputedStyle(document.querySelector('.driver')).backgroundColor`),
  ).toBe('rgb(179, 89, 0)');
  await badge.click();
  await help.waitFor();
  // One who drives sees it in any case.
  await help.getByRole('button', { name: 'Hide' }).click();
  peer.say(control({ driver: 'you', request: REQUEST }));
  await help.getByText('A program asked for help').waitFor();
  await badge.waitFor({ state: 'detached' });
  await expect.poll(() => page.title()).toBe('First page – Live view');
});

test('whoever takes control by a click is told, and gives it back at once', async ({ open }) => {
  const viewer = await open();
  const { page, peer, at } = viewer;
  peer.say(control({ driver: 'agent' }));
  await page.getByText('Program drives').waitFor();
  await page.mouse.click(...(await at(100, 100)));
  peer.say(YOU_DRIVE);
  const notices = noticesOf(viewer);
  await notices.getByText('You drive now; programs wait.').waitFor();
  await notices.getByRole('button', { name: 'Hand back' }).click();
  expect(await turns(viewer)).toEqual(['return']);
  peer.say(control({ driver: 'agent' }));
  // Whoever presses the button knows.
  await page.getByRole('button', { name: 'Take control' }).click();
  peer.say(YOU_DRIVE);
  await page.getByText('You drive', { exact: true }).waitFor();
  expect(await notices.getByText('You drive now').count()).toBe(0);
});

test('the time left is shown before it ends, and starts again with what a person does', async ({
  open,
}) => {
  const viewer = await open();
  const { page, peer } = viewer;
  await page.clock.install();
  onTestFinished(() => page.clock.resume());
  peer.say(control({ driver: 'agent' }), YOU_DRIVE);
  await page.getByText('You drive', { exact: true }).waitFor();
  const left = noticesOf(viewer).getByText(/^A program drives again in \d+ s$/);
  await page.clock.fastForward(44_000);
  expect(await left.count()).toBe(0);
  await page.clock.fastForward(4000);
  expect(await left.textContent()).toMatch(/in 1[123] s$/);
  await page.getByRole('button', { name: 'Keep driving' }).click();
  await left.waitFor({ state: 'detached' });
  expect(await turns(viewer)).toEqual(['take']);
  await page.clock.fastForward(50_000);
  await left.waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  await left.waitFor({ state: 'detached' });
});

test.for([
  ['idle', 'agent', 'A program drives again: there was no input for 60 s.'],
  ['returned', 'agent', 'A program drives again: the program took control back.'],
  ['taken', 'human', 'Someone else took over.'],
] as const)(
  'whoever loses control (%s) is told why, until they drive again',
  async ([lost, driver, sentence], { open }) => {
    const viewer = await open();
    const { peer } = viewer;
    peer.say(control({ driver, lost }));
    const notice = noticesOf(viewer).getByText(sentence);
    await notice.waitFor();
    peer.say(YOU_DRIVE);
    await notice.waitFor({ state: 'detached' });
  },
);

test('whoever gave control back is told nothing', async ({ open }) => {
  const viewer = await open();
  const { page, peer } = viewer;
  peer.say(control({ driver: 'agent', lost: null }));
  await page.getByText('Program drives').waitFor();
  expect(await noticesOf(viewer).innerText()).toBe('');
});

test('whoever drove before the connection broke is told', async ({ open, server }) => {
  const viewer = await open();
  const { peer } = viewer;
  peer.close(1012);
  const again = await server.joined(peer.token, 2);
  again.say(HELLO, TABS, control({ driver: 'agent' }));
  const sentence = 'A program drives again: the connection was interrupted.';
  await noticesOf(viewer).getByText(sentence).waitFor();
});

test('what was refused since someone else drives can be had by taking control', async ({
  open,
}) => {
  const viewer = await open();
  const { peer } = viewer;
  peer.say(control({ driver: 'human' }));
  peer.say({ t: 'notice', message: 'Someone else drives the browser.', isTaken: true });
  const take = noticesOf(viewer).getByRole('button', { name: 'Take control' });
  await take.waitFor();
  peer.say(YOU_DRIVE);
  await take.waitFor({ state: 'detached' });
  peer.say(control({ driver: 'human', lost: 'taken' }));
  peer.say({ t: 'notice', message: 'Someone else drives the browser.', isTaken: true });
  await take.click();
  expect(await turns(viewer)).toEqual(['take']);
});

test('without controls a card asks for help, and a chip tells who drives', async ({ open }) => {
  const viewer = await open({ ...PHONE, ...WITHOUT_CONTROLS });
  const { page, peer } = viewer;
  const chip = page.locator('.chip');
  await chip.getByText('You drive', { exact: true }).waitFor();
  expect(await page.locator('.frame').getAttribute('data-driver')).toBe('you');
  await chip.getByRole('button', { name: 'Hand back' }).click();
  peer.say(control({ request: REQUEST }));
  const help = helpOf(viewer);
  await help.getByRole('button', { name: 'Hide' }).click();
  await page.getByRole('button', { name: 'Program waits for you' }).click();
  await help.getByRole('button', { name: 'Take control' }).click();
  peer.say(control({ driver: 'you', request: REQUEST }));
  await help.getByRole('button', { name: 'Done, hand back' }).click();
  expect(await chip.count()).toBe(0);
  expect(await turns(viewer)).toEqual(['return', 'take', 'return']);
});

test('what a finger presses is 44 pixels high, on a tablet too', async ({ open }) => {
  const { page, peer } = await open({ viewport: { width: 820, height: 1180 }, hasTouch: true });
  const rest = { message: 'Sure?', default: '', url: 'https://example.com' };
  peer.say(
    control({ request: REQUEST }),
    { t: 'dialog', dialog: 'd', kind: 'confirm', ...rest },
    { t: 'notice', message: 'Someone else drives.', isTaken: true },
  );
  await page.getByRole('dialog').waitFor();
  await page.getByText('Someone else drives.').waitFor();
  const heights = (buttons: string) =>
    page.evaluate<number[]>(
      `[...new Set([...document.querySelectorAll('${buttons}')].map((one) => one.offsetHeight))]`,
    );
  expect(await heights('dialog button, .help button, .notice button, .strip > button')).toEqual([
    44,
  ]);
  expect(await heights('.tab .close')).toEqual([36]);
});

test('a dialog is there to read while someone else drives', async ({ open }) => {
  const { page, peer } = await open();
  const rest = { message: 'Sure?', default: '', url: 'https://example.com' };
  peer.say(control({ driver: 'human' }), { t: 'dialog', dialog: 'd', kind: 'confirm', ...rest });
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The driver answers').waitFor();
  for (const button of ['OK', 'Cancel']) {
    expect(await dialog.getByRole('button', { name: button }).isDisabled()).toBe(true);
  }
  peer.say(YOU_DRIVE);
  await dialog.getByRole('button', { name: 'OK' }).click();
});

test('a phone shows the host of the address, and all of it to whoever edits it', async ({
  open,
}) => {
  const { page } = await open(PHONE);
  const address = page.getByRole('textbox', { name: 'Address' });
  await expect.poll(() => address.inputValue()).toBe('example.com');
  await address.tap();
  await expect.poll(() => address.inputValue()).toBe('https://example.com/first');
});

test('after the end there is one row, with nothing to press', async ({ open }) => {
  const { page, peer } = await open(PHONE);
  await page.getByRole('button', { name: 'Zoom in' }).waitFor();
  peer.close(4410);
  await page.getByText('Ended', { exact: true }).waitFor();
  expect(await page.locator('.bar button').count()).toBe(0);
  expect((await page.locator('.bar').boundingBox())?.height).toBeLessThan(60);
});
