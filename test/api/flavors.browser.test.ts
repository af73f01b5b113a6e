import { expect } from 'vitest';
import { z } from 'zod';
import type { BrowserFlavor } from '../../src/runtime-manager/runtime/index.ts';
import { openCdp } from '../support/cdp.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { createWorkspace, test } from '../support/test.ts';

/** Features that a page may ask a browser for, except WebGL. */
const ASKED = `(async () => {
  const has = (...kinds) =>
    kinds.map((kind) => document.createElement('canvas').getContext(kind) !== null);
  return JSON.stringify({
    webgl: has('webgl', 'experimental-webgl', 'webgl2'),
    others: {
      canvas: has('2d', 'bitmaprenderer'),
      offscreen: new OffscreenCanvas(1, 1).getContext('2d') !== null,
      gpu: Boolean(await navigator.gpu?.requestAdapter()),
      wasm: typeof WebAssembly,
      video: document.createElement('video').canPlayType('video/webm'),
      screen: [innerWidth, innerHeight, screen.width, screen.height, devicePixelRatio, screen.colorDepth],
      agent: navigator.userAgent,
      webdriver: navigator.webdriver,
    },
  });
})()`;

const Evaluated = z.object({ result: z.object({ value: z.string() }) });

async function told(cdpUrl: string, targetId: string) {
  using client = await openCdp(cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params: object) => client.send(method, params, String(sessionId));
  const evaluated = await send('Runtime.evaluate', { expression: ASKED, awaitPromise: true });
  const { data } = await send('Page.captureScreenshot', {});
  return {
    ...JSON.parse(Evaluated.parse(evaluated).result.value),
    hasPicture: String(data) !== '',
  };
}

const openFlavor = (flavor: BrowserFlavor) => openTestService({ flavor, warm: { min: 1, max: 1 } });

/** What a page learns in a runtime with this launch. */
async function learnt(service: TestService, launch: object) {
  const workspace = await createWorkspace(service);
  const { connection, summary } = await workspace.create({ launch });
  return told(connection.cdpUrl, summary.defaultPageId);
}

test('a lean browser lacks only WebGL, with a profile and without', async () => {
  await using full = await openFlavor('full');
  await using lean = await openFlavor('lean');
  const of = await learnt(full, { mode: 'ephemeral' });
  expect(of.webgl).toEqual([true, true, true]);
  const { json: profile } = await lean.call('POST', '/v1/browser-profiles', { name: 'lean' });
  for (const launch of [{ mode: 'ephemeral' }, { mode: 'profile', profileId: profile.id }]) {
    expect(await learnt(lean, launch)).toEqual({ ...of, webgl: [false, false, false] });
  }
});
