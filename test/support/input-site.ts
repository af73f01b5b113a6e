import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';

/** Each thing at a place of its own, and a note of every event. */
const PAGE = `<!doctype html><title>input</title><style>body { margin: 0 } body > * { position: absolute; left: 10px; width: 160px; height: 30px; box-sizing: border-box }</style>
<button id="button" style="top: 10px">press</button>
<input id="text" style="top: 60px">
<select id="list" style="top: 110px"><option>Alpha<option disabled>No<optgroup label="More"><option>Beta<option>Gamma</optgroup></select>
<input id="date" type="date" value="2026-01-02" style="top: 160px">
<input id="color" type="color" style="top: 210px">
<input id="file" type="file" multiple style="top: 260px">
<div id="from" draggable="true" style="top: 310px">drag</div><div id="to" style="top: 360px">here</div>
<div id="code" style="top: 410px; width: 300px"></div>
<a id="save" href="data:text/plain,some%20notes" download="notes.txt" style="top: 460px">save</a>
<iframe id="frame" style="left: 400px; top: 10px; width: 300px; height: 200px" srcdoc="<select id=inner style='position:absolute;left:0;top:0'><option>One<option>Two</select>"></iframe>
<div style="top: 5000px"></div>
<script>
  var noted = [];
  const types = ['click', 'dblclick', 'contextmenu', 'mousemove', 'keydown', 'keyup', 'input', 'change', 'paste', 'copy',
    'compositionstart', 'compositionend', 'wheel', 'touchstart', 'touchend', 'touchcancel', 'dragstart', 'drop', 'dragend'];
  for (const type of types) addEventListener(type, (event) => {
    const key = event instanceof KeyboardEvent ? event.key : event.type === 'paste' ? event.clipboardData.getData('text') : '';
    noted.push([type, event.target.id ?? '', event.isTrusted, key].join(' '));
  }, { capture: true, passive: true });
  addEventListener('dragover', (event) => event.preventDefault());
  // Boxes for the digits of a code, as sites have them for a second factor.
  for (let nth = 0; nth < 6; nth++) code.append(Object.assign(document.createElement('input'), { maxLength: 1, size: 1 }));
  code.addEventListener('paste', (event) => {
    event.preventDefault();
    [...event.clipboardData.getData('text')].forEach((digit, nth) => (code.children[nth].value = digit));
  });
</script>`;

/** A page with everything that takes input, which `InputPage` reads. */
export interface InputSite extends AsyncDisposable {
  /** Of `localhost`: only there, and over TLS, may pages use the clipboard. */
  address: string;
}

export async function openInputSite(): Promise<InputSite> {
  const site = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end(PAGE),
  );
  await once(site.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `http://localhost:${(site.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      site.close();
      site.closeAllConnections();
    },
  };
}

/** The page of an `InputSite` in a runtime. */
export class InputPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Loads the page as new; a reload would keep the place to which a test has scrolled. */
  static async load(page: Page, { address }: InputSite): Promise<InputPage> {
    await page.goto(`${address}?${randomUUID()}`);
    return new InputPage(page);
  }

  notes(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { noted: string[] }).noted);
  }

  /** Waits for what the page notes, in this order; what else it notes is passed over. */
  noted(...wanted: string[]): Promise<void> {
    return eventually(async () => {
      const all = await this.notes();
      let at = -1;
      for (const one of wanted) {
        at = all.indexOf(one, at + 1);
        if (at < 0) throw new Error(`${one} is not among ${all.join(', ')}`);
      }
    });
  }

  hasValue(selector: string, value: string): Promise<void> {
    return eventually(async () => {
      const found = this.page.$eval(
        selector,
        (element) => (element as unknown as { value: string }).value,
      );
      expect(await found).toBe(value);
    });
  }

  /** Waits until these files are chosen, each as its name and content. */
  hasFiles(files: [name: string, content: string][]): Promise<void> {
    return eventually(async () => {
      const chosen = this.page.$eval('#file', (input) =>
        Promise.all(
          [...(input as unknown as { files: File[] }).files].map(async (file) => [
            file.name,
            await file.text(),
          ]),
        ),
      );
      expect(await chosen).toEqual(files);
    });
  }
}
