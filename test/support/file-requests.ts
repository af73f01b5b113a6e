import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { TestService } from './service.ts';

/** What the helpers need of a service; another key than its own is given beside. */
export type Asked = Pick<TestService, 'url' | 'apiKey'>;

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
type Content = NonNullable<RequestInit['body']>;

/** A fresh namespace, by its name. */
export async function createNamespace({ call }: Pick<TestService, 'call'>): Promise<string> {
  const name = `n-${randomUUID().slice(0, 8)}`;
  const made = await call('POST', '/v1/storage', { name });
  expect(made, made.text).toMatchObject({ status: 200 });
  return name;
}

export function filesUrl({ url }: Pick<Asked, 'url'>, namespace: string): string {
  return `${url}/v1/storage/${namespace}/files`;
}

/** Any request with the key, and its answer, with what is JSON parsed. */
export async function ask(
  { apiKey }: Pick<Asked, 'apiKey'>,
  url: string,
  { headers, ...init }: RequestInit = {},
) {
  const response = await fetch(url, {
    ...init,
    headers: { authorization: `Bearer ${apiKey}`, ...Object(headers) },
    ...(init.body instanceof ReadableStream && { duplex: 'half' }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const json: Json = isJson ? JSON.parse(bytes.toString() || '{}') : {};
  return { status: response.status, headers: response.headers, bytes, json };
}

/** Stores a file by PUT; a stream has no length. */
export function put(
  service: Asked,
  namespace: string,
  path: string,
  { content = path, query = {}, headers = {} }: Put = {},
) {
  const asked = new URLSearchParams({ path, ...query });
  const url = `${filesUrl(service, namespace)}?${asked.toString()}`;
  return ask(service, url, { method: 'PUT', body: content, headers });
}

interface Put {
  content?: Content;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

/** Stores a file that has to be taken, and returns what is known of it. */
export async function store(
  service: Asked,
  namespace: string,
  path: string,
  content?: Content,
): Promise<Json> {
  const stored = await put(service, namespace, path, content === undefined ? {} : { content });
  expect(stored.status, stored.bytes.toString()).toBe(200);
  return stored.json;
}

/** The paths that a list has. */
export async function pathsIn(service: TestService, namespace: string): Promise<string[]> {
  const { json } = await service.call('GET', `/v1/storage/${namespace}/files?limit=500`);
  return json.files.map(({ path }: { path: string }) => path);
}

/** A request of Node's own client, whose body and answer the test takes its time for. */
export function begin(
  { apiKey }: Pick<Asked, 'apiKey'>,
  method: string,
  url: string,
  headers: OutgoingHttpHeaders = {},
) {
  const sent = request(url, {
    method,
    agent: false,
    headers: { authorization: `Bearer ${apiKey}`, ...headers },
  });
  sent.on('error', () => undefined);
  return {
    sent,
    answered: once(sent, 'response').then(([response]: IncomingMessage[]) => {
      if (!response) throw new Error('there is no answer');
      return response;
    }),
  };
}

// oxlint-disable-next-line typescript/no-explicit-any
export async function jsonOf(response: IncomingMessage): Promise<any> {
  return JSON.parse((await buffer(response)).toString());
}
