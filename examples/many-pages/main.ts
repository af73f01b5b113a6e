import { Bctrl } from '@bctrl/client';

const BROWSERS = 4;
const [address = 'https://example.com', count = '100'] = process.argv.slice(2);
const bctrl = new Bctrl();

// All browsers take from one queue, so that none waits for a slow page of another.
const queue = Array.from({ length: Number(count) }, (_, n) => `${address}/?page=${n}`).values();
const titles: string[] = [];

async function work(): Promise<void> {
  await using runtime = await bctrl.createRuntime();
  const browser = await runtime.playwright();
  const page = await browser.newPage();
  for (const url of queue) {
    await page.goto(url);
    titles.push(await page.title());
  }
}

await Promise.all(Array.from({ length: BROWSERS }, work));
console.log(`${titles.length} pages, ${new Set(titles).size} titles`);
