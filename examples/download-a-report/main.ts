import { writeFile } from 'node:fs/promises';
import { Bctrl } from '@bctrl/client';

const [address = 'https://example.com', selector = 'a[download]', folder = '.'] =
  process.argv.slice(2);
const bctrl = new Bctrl();

await using runtime = await bctrl.createRuntime();
const browser = await runtime.playwright();
const page = browser.contexts()[0]?.pages()[0];
await page?.goto(address);
await page?.click(selector);

for await (const { type } of runtime.events()) {
  if (type === 'download.failed') throw new Error('the download failed');
  if (type === 'download.finished') break;
}

const path = { id: runtime.info.workspaceId, alias: runtime.id };
const { data } = await bctrl.api.GET('/v1/workspaces/{id}/runtimes/{alias}/files', {
  params: { path },
});
for (const { id: fileId, name } of data?.files ?? []) {
  const content = '/v1/workspaces/{id}/runtimes/{alias}/files/{fileId}/content';
  const params = { path: { ...path, fileId } };
  const file = await bctrl.api.GET(content, { params, parseAs: 'arrayBuffer' });
  await writeFile(`${folder}/${name}`, Buffer.from(file.data ?? new ArrayBuffer()));
  console.log(`${folder}/${name}`);
}
