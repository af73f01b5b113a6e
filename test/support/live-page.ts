import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Page as WatchedPage } from 'puppeteer-core';
import { expect } from 'vitest';

/** The live page of a runtime, as a person sees and uses it. */
export class LivePage implements AsyncDisposable {
  readonly page: Page;
  /** What is watched. */
  readonly #watched: WatchedPage;

  private constructor(page: Page, watched: WatchedPage) {
    this.page = page;
    this.#watched = watched;
  }

  /** Opens the page in a window whose shape is not that of the picture. */
  static async open(
    browser: Browser,
    iframeUrl: string,
    watched: WatchedPage,
    options: BrowserContextOptions = {},
  ): Promise<LivePage> {
    const context = await browser.newContext({
      viewport: { width: 1000, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    await page.goto(iframeUrl);
    return new LivePage(page, watched);
  }

  /** Waits until there is a picture of the tab that is shown. */
  async shows(): Promise<this> {
    await this.page.locator('.stage[data-state=live]').waitFor();
    await expect.poll(() => this.page.locator('.curtain').innerText()).toBe('');
    return this;
  }

  /** Where a point of the page that is watched is in the window. */
  async at(x: number, y: number): Promise<[number, number]> {
    const box = await this.page.locator('canvas').boundingBox();
    const width = await this.#width();
    if (!box) throw new Error('there is no picture');
    const scale = box.width / width;
    return [box.x + x * scale, box.y + y * scale];
  }

  async click(x: number, y: number): Promise<void> {
    await this.page.mouse.click(...(await this.at(x, y)));
  }

  /** Waits until the picture has a color at a point of the page that is watched. */
  async hasColor(color: [number, number, number], x = 600, y = 500): Promise<void> {
    const width = await this.#width();
    const read = `(() => {
      const canvas = document.querySelector('canvas');
      const scale = canvas.width / ${width};
      const { data } = canvas.getContext('2d').getImageData(${x} * scale, ${y} * scale, 1, 1);
      return [...data.slice(0, 3)].map((part) => Math.round(part / 255));
    })()`;
    await expect.poll(() => this.page.evaluate(read)).toEqual(color);
  }

  /** Waits for a text of the page around the picture. */
  says(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  async #width(): Promise<number> {
    return Number(await this.#watched.evaluate('innerWidth'));
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button }).click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
