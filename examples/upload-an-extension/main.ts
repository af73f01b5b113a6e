import { openAsBlob } from 'node:fs';
import { Bctrl } from '@bctrl/client';

const [file = 'extension.zip', address = 'https://example.com'] = process.argv.slice(2);
const bctrl = new Bctrl();

const form = new FormData();
form.set('file', await openAsBlob(file), 'extension.zip');
const { data: extension } = await bctrl.api.POST('/v1/browser-extensions/upload', {
  body: { file },
  bodySerializer: () => form,
});
if (!extension) throw new Error('there is no extension');
console.log(`${extension.name} ${extension.version}`);

await using runtime = await bctrl.createRuntime({
  launch: { mode: 'ephemeral', extensionIds: [extension.id] },
});
const browser = await runtime.playwright();
const page = browser.contexts()[0]?.pages()[0];
await page?.goto(address);
console.log(await page?.evaluate(() => JSON.stringify(document.documentElement.dataset)));
