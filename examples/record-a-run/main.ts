import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Bctrl } from '@bctrl/client';

const LOOK_MS = 500;
const [address = 'https://example.com', folder = '.'] = process.argv.slice(2);
const bctrl = new Bctrl();

const runtime = await bctrl.createRuntime({ recording: true });
const done = await runtime.execute([
  { call: 'page.goto', args: [address] },
  { call: 'page.mouse.wheel', args: [0, 500] },
  { call: 'page.waitForTimeout', args: [1000] },
]);
console.log(done.status);
await runtime.stop();

const path = { id: runtime.info.workspaceId, alias: runtime.id };
const ready = async () => {
  const one = '/v1/workspaces/{id}/runtimes/{alias}/recording';
  const { data } = await bctrl.api.GET(one, { params: { path } });
  if (data?.status === 'ready') return data;
  await delay(LOOK_MS);
  return ready();
};
for (const { tabId } of (await ready()).tabs) {
  const video = await bctrl.api.GET('/v1/workspaces/{id}/runtimes/{alias}/recording/{file}', {
    params: { path: { ...path, file: `${tabId}.mp4` } },
    parseAs: 'arrayBuffer',
  });
  const file = `${folder}/${tabId}.mp4`;
  await writeFile(file, Buffer.from(video.data ?? new ArrayBuffer()));
  console.log(file);
}
