import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Page } from 'puppeteer-core';
import { serveSite } from './site.ts';

/** What a player shows at a time. */
export interface Shown {
  colour: string;
  width: number;
  height: number;
}

export interface Played {
  durationMs: number;
  shown: Shown[];
}

const RANGE = /^bytes=(\d+)-(\d*)$/;

/** In the page: what the video shows at these times, which are in ms. */
const LOOK = `async (times) => {
  const video = document.createElement('video');
  const happened = (event) =>
    new Promise((resolve, reject) => {
      video.addEventListener(event, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
  video.muted = true;
  video.src = 'video.mp4';
  await happened('loadeddata');
  const shown = [];
  for (const time of times) {
    const sought = happened('seeked');
    video.currentTime = time / 1000;
    await sought;
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    let pixel = [0, 0, 0, 0];
    // The picture may come a little later than the event; until then nothing is drawn.
    for (let tries = 0; tries < 100 && pixel[3] === 0; tries++) {
      await new Promise(requestAnimationFrame);
      context.drawImage(video, 0, 0);
      // Below the text of the page, and within its borders.
      pixel = [...context.getImageData(width / 2, height - 20, 1, 1).data];
    }
    const colour = pixel.slice(0, 3).map((part) => (part > 127 ? 1 : 0)).join('');
    shown.push({ colour, width, height });
  }
  return { durationMs: video.duration * 1000, shown };
}`;

/** Plays a file in a page, over HTTP as the service answers, and looks at these times. */
export async function playVideo(page: Page, path: string, timesMs: number[]): Promise<Played> {
  const url = await serveSite((request, response) => {
    void (async () => {
      if (!request.url?.endsWith('.mp4')) return response.end('<!doctype html>');
      const { size } = await stat(path);
      const [, from = '0', to = ''] = RANGE.exec(request.headers.range ?? '') ?? [];
      const end = to === '' ? size - 1 : Number(to);
      response.writeHead(206, {
        'content-type': 'video/mp4',
        'content-length': end - Number(from) + 1,
        'content-range': `bytes ${from}-${end}/${size}`,
      });
      const content = createReadStream(path, { start: Number(from), end });
      return content.pipe(response).on('close', () => content.destroy());
    })();
  });
  await page.goto(url);
  return (await page.evaluate(`(${LOOK})(${JSON.stringify(timesMs)})`)) as Played;
}
