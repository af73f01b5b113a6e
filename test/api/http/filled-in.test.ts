import { expect } from 'vitest';
import { test } from '../../support/api-test.ts';
import { readReference, type Operation } from '../../support/reference.ts';

/** How the service refuses a request for its shape, whatever there is. */
const REFUSALS = [400, 405, 413, 415, 422, 500];

/** The reference page leaves a file to be chosen, and the package would come from the Chrome Web Store. */
const NOT_SENT = ['files-upload', 'browser-extensions-upload', 'browser-extensions-import'];

/** What deletes comes last, so that the others find as much as they can. */
function sentBefore(one: Operation, other: Operation): number {
  return Number(one.method === 'delete') - Number(other.method === 'delete');
}

function examplesIn({ parameters }: Operation, place: string): [string, string][] {
  return parameters
    .filter((one) => one.in === place && one.example !== undefined)
    .map(({ name, example }) => [name, String(example)]);
}

/** The request that the reference page sends at a press of its button: optional fields have their examples. */
function filledIn(operation: Operation, apiKey: string): [path: string, init: RequestInit] {
  const names = new Map(examplesIn(operation, 'path'));
  const path = operation.path.replace(/\{(\w+)\}/g, (all, name: string) => names.get(name) ?? all);
  const query = new URLSearchParams(examplesIn(operation, 'query'));
  const [[type, example] = []] = operation.bodies;
  const headers = {
    ...Object.fromEntries(examplesIn(operation, 'header')),
    authorization: `Bearer ${apiKey}`,
    accept: 'application/json, text/event-stream',
    ...(type !== undefined && { 'content-type': type }),
  };
  const body = typeof example === 'string' ? example : JSON.stringify(example);
  const init = {
    method: operation.method.toUpperCase(),
    headers,
    ...(body !== undefined && { body }),
  };
  return [`${path}?${query.toString()}`, init];
}

test('no request of the reference page is refused for its shape as it is filled in', async ({
  service,
}) => {
  const operations = [...(await readReference(service)).values()]
    .filter(({ id }) => !NOT_SENT.includes(id))
    .toSorted(sentBefore);
  expect(operations.length).toBeGreaterThan(90);
  for (const operation of operations) {
    const [path, init] = filledIn(operation, service.apiKey);
    const hangUp = new AbortController();
    const answer = await fetch(service.url + path, { ...init, signal: hangUp.signal });
    const where = `${operation.id} ${path}`;
    expect(REFUSALS, where).not.toContain(answer.status);
    // A stream of events has no end.
    hangUp.abort();
  }
});
