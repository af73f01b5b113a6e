import { expect } from 'vitest';

/** The left half is red, the right one blue; says in `noticed` what a script can notice of being looked at. */
export const HALVES = `<!doctype html><title>halves</title>
<meta name="viewport" content="width=device-width">
<style>body { margin: 0; height: 100vh; background: linear-gradient(90deg, #f00 50%, #00f 50%); }</style>
<script>
  const noticed = [];
  const notice = ({ type }) => noticed.push(type);
  for (const type of ['resize', 'focus', 'blur', 'pageshow', 'pagehide', 'scroll']) addEventListener(type, notice);
  for (const type of ['visibilitychange', 'freeze', 'resume']) document.addEventListener(type, notice);
  for (const type of ['resize', 'scroll']) visualViewport.addEventListener(type, notice);
  let frames = 0, known = '';
  const look = () => {
    const now = [innerWidth, innerHeight, devicePixelRatio, visualViewport.scale, outerWidth, document.hasFocus()].join();
    if (known !== '' && now !== known) noticed.push(known + ' is ' + now);
    known = now;
  };
  setInterval(look, 1);
  const draw = () => void (frames++, requestAnimationFrame(draw));
  draw();
</script>`;

export interface Picture {
  status: number;
  headers: Headers;
  bytes: Buffer;
  /** Of a refusal. */
  // oxlint-disable-next-line typescript/no-explicit-any
  json: any;
}

interface Api {
  url: string;
  apiKey: string;
}

/** Asks for a screenshot of a runtime by its path. */
export async function takeScreenshot(
  { url, apiKey }: Api,
  runtime: string,
  query: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Picture> {
  const response = await fetch(
    `${url}${runtime}/screenshot?${new URLSearchParams(query).toString()}`,
    {
      headers: { authorization: `Bearer ${apiKey}` },
      signal,
    },
  );
  const { status, headers } = response;
  const bytes = Buffer.from(await response.arrayBuffer());
  const json = headers.get('content-type')?.includes('json') ? JSON.parse(String(bytes)) : {};
  return { status, headers, bytes, json };
}

/** Something that evaluates, as a page of any library does. */
interface Evaluating {
  evaluate(expression: string): Promise<unknown>;
}

/** The size and the colours in the middle of both halves, as a browser decodes them. */
export async function decode(page: Evaluating, { status, headers, bytes, json }: Picture) {
  expect({ status, json }).toEqual({ status: 200, json: {} });
  const type = headers.get('content-type');
  const decoded = await page.evaluate(`(async () => {
    const bytes = Uint8Array.fromBase64('${bytes.toString('base64')}');
    const { width, height } = await createImageBitmap(new Blob([bytes]))
      .then((picture) => (globalThis.picture = picture));
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(picture, 0, 0);
    const at = (share) => [...context.getImageData(width * share, height / 2, 1, 1).data];
    const nameOf = ([red, green, blue]) =>
      green > 40 ? 'other' : red > 200 && blue < 40 ? 'red' : blue > 200 && red < 40 ? 'blue' : 'other';
    return { width, height, colours: [at(0.25), at(0.75)].map(nameOf) };
  })()`);
  return { type, ...(decoded as { width: number; height: number; colours: string[] }) };
}
