interface Api {
  url: string;
  apiKey: string;
}

export interface OneShotAnswer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
  /** Of JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any
  json: any;
}

interface More {
  workspace?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Asks for a one-shot: a screenshot, a pdf, the content or a scrape. */
export async function oneShot(
  { url, apiKey }: Api,
  what: string,
  body: object,
  { workspace = 'default', headers = {}, signal }: More = {},
): Promise<OneShotAnswer> {
  const response = await fetch(`${url}/v1/workspaces/${workspace}/${what}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const json = isJson ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, bytes, text, json };
}

/** What a PNG says of itself. */
export function pngOf({ status, bytes, text }: OneShotAnswer) {
  if (status !== 200 || bytes.toString('latin1', 1, 4) !== 'PNG') throw new Error(text);
  const RGBA = 6;
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    hasAlpha: bytes[25] === RGBA,
  };
}
