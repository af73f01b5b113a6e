import { Bctrl } from '@bctrl/client';

const [address = 'https://example.com'] = process.argv.slice(2);
const bctrl = new Bctrl();

const { data: profile } = await bctrl.api.POST('/v1/browser-profiles', {
  body: { name: `login-${Date.now()}` },
});
if (!profile) throw new Error('there is no profile');
const launch = { mode: 'profile', profileId: profile.id } as const;

{
  await using runtime = await bctrl.createRuntime({ launch });
  const browser = await runtime.playwright();
  const page = browser.contexts()[0]?.pages()[0];
  if (!page) throw new Error('there is no page');
  await page.goto(`${address}/login`);
  const { iframeUrl } = await runtime.live({ interactive: true });
  console.log(`Log in here: ${iframeUrl}`);
  await page.waitForURL((url) => url.pathname !== '/login', { timeout: 600_000 });
}

// The block has ended the browser, so the profile has its state.
await using runtime = await bctrl.createRuntime({ launch });
const browser = await runtime.playwright();
const page = await browser.contexts()[0]?.newPage();
await page?.goto(address);
console.log(await page?.textContent('body'));
