export interface Answer {
  status: number;
  headers: Headers;
  // Tests look into answers freely; what is not there fails the assertion.
  // oxlint-disable-next-line typescript/no-explicit-any
  json: any;
  text: string;
}

export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** A string body is sent as it is. */
export function caller(url: string, apiKey: string | undefined): Call {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, json, text };
  };
}
