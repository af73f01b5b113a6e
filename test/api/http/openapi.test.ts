import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { expect } from 'vitest';
import { z } from 'zod';
import { test } from '../../support/api-test.ts';
import { openFolder } from '../../support/folder.ts';
import type { Answer } from '../../support/http.ts';
import { readReference } from '../../support/reference.ts';
import type { TestService } from '../../support/service.ts';

/** Tests look into documents freely. */
type Json = Answer['json'];

const run = promisify(execFile);

type Node = Record<string, unknown>;
const Node = z.record(z.string(), z.unknown());

const CREATE = ['paths', '/v1/workspaces/{id}/runtimes', 'post'];
/** Keywords that say what is accepted or answered; the others explain. */
const MEANING = ['type', 'enum', 'const', 'format', 'properties', 'items', 'required', 'oneOf'];

test('the create operation accepts and answers what the published contract says', async ({
  service,
}) => {
  const published = Node.parse(
    parse(await readFile(new URL('../runtimes-create.openapi.yaml', import.meta.url), 'utf8')),
  );
  const served = Node.parse((await service.call('GET', '/openapi.json')).json);
  const [ours, theirs] = [at(served, CREATE), at(published, CREATE)];

  expect(ours['operationId']).toBe(theirs['operationId']);
  expect(ours['summary']).toBe(theirs['summary']);
  expect(ours['security']).toEqual(theirs['security']);
  expect(parametersOf(ours)).toEqual(expect.arrayContaining(parametersOf(theirs)));
  expect(bearerOf(served)).toMatchObject(bearerOf(published));
  const body = ['requestBody', 'content', 'application/json', 'schema'];
  const answer = ['responses', '200', 'content', 'application/json', 'schema'];
  // Requests and answers may have more fields than the published ones.
  expect(shape(served, at(ours, body))).toMatchObject(shape(published, at(theirs, body)));
  const { required: always, ...answered } = shape(served, at(ours, answer));
  const { required: promised, ...expected } = shape(published, at(theirs, answer));
  expect(answered).toMatchObject(expected);
  expect([...Object(always)]).toEqual(expect.arrayContaining([...Object(promised)]));
  expect(at(ours, answer)).toEqual({ $ref: '#/components/schemas/Runtime' });
});

test('every operation has an id, a tag, a summary and its errors', async ({ service }) => {
  const { json } = await service.call('GET', '/openapi.json');
  expect(json.openapi).toBe('3.1.0');
  for (const [path, methods] of Object.entries(Node.parse(json.paths))) {
    for (const operation of Object.values(Node.parse(methods))) {
      expect(operation).toMatchObject({
        operationId: expect.any(String),
        summary: expect.any(String),
        tags: [expect.any(String)],
      });
      if (path.startsWith('/v1/')) {
        expect(operation).toMatchObject({
          security: [{ bearerAuth: [] }],
          responses: {
            400: {},
            401: {},
            429: { headers: { 'Retry-After': {} } },
            500: {},
            503: {},
          },
        });
      }
    }
  }
});

test('every operation explains itself, and has examples of what it requires', async ({
  service,
}) => {
  for (const { id, parameters, bodies, description } of (await readReference(service)).values()) {
    expect(description, id).toMatch(/\w/);
    for (const { name, required, example } of parameters) {
      if (required && name !== 'Authorization') expect(example, `${id} ${name}`).toBeTruthy();
    }
    // The content of a file has no example.
    const [[type, example] = []] = bodies;
    if (type === 'application/json') expect(example, id).toBeTruthy();
  }
});

test('Redocly finds nothing wrong, and every example fits its schema', async ({ service }) => {
  const file = await writeDocument(service);
  const command = ['lint', file, '--config', 'redocly.yaml', '--format', 'json'];
  const env = { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', REDOCLY_TELEMETRY: 'off' };
  const { stdout } = await run('node_modules/.bin/redocly', command, { env, maxBuffer: 2 ** 24 });
  expect(JSON.parse(stdout).problems).toEqual([]);
});

test('Spectral finds nothing wrong, not even a hint', async ({ service }) => {
  const file = await writeDocument(service);
  const command = ['lint', file, '--ruleset', '.spectral.yaml', '--format', 'json', '--quiet'];
  const linted = run('node_modules/.bin/spectral', command, { maxBuffer: 2 ** 24 });
  // It exits with 1 for an error alone.
  const { stdout } = await linted.catch((error) => error);
  expect(JSON.parse(stdout)).toEqual([]);
});

test('no field of a request has a default, which generators take for always there', async ({
  service,
}) => {
  const { components, paths } = (await service.call('GET', '/openapi.json')).json;
  const bodies = Object.values<object>(paths).flatMap((methods) =>
    Object.values(methods).map(({ requestBody }) => requestBody ?? {}),
  );
  const seen = new Set<unknown>();
  for (const schema of schemasIn(components, bodies, seen)) {
    const { properties } = schema;
    for (const [name, property] of Object.entries(properties)) {
      const where = `${name} of ${JSON.stringify(schema)}`;
      expect(property, where).not.toHaveProperty('default');
    }
  }
  expect(seen.size).toBeGreaterThan(100);
});

test('errors are documented by their codes, each under its status', async ({ service }) => {
  const { json } = await service.call('GET', '/openapi.json');
  const { responses } = json.paths['/v1/workspaces/{id}/runtimes'].post;
  expect(responses[409].description).toContain('`runtime.alias_in_use`');
  expect(responses[502].description).toContain('`proxy.auth_failed`');
  expect(responses[429].description).toBe('`request.rate_limited`, `runtime.quota_exceeded`');
});

test('the reference page is served by the service itself', async ({ service }) => {
  const page = await service.call('GET', '/docs');
  expect(page).toMatchObject({ status: 200 });
  expect(page.text).not.toMatch(/https?:\/\//);
  for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect(await service.call('GET', asset ?? '')).toMatchObject({ status: 200 });
  }
});

/** The served document as a file, until the test is over. */
async function writeDocument({ call }: Pick<TestService, 'call'>): Promise<string> {
  const file = join(await openFolder(), 'openapi.json');
  await writeFile(file, (await call('GET', '/openapi.json')).text);
  return file;
}

/** Every object in `value`, with what its references name. */
function* schemasIn(components: Json, value: unknown, seen: Set<unknown>): Generator<Json> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if ('properties' in value) yield value;
  const { $ref: ref } = z.object({ $ref: z.string().optional() }).catch({}).parse(value);
  if (ref !== undefined) {
    yield* schemasIn(components, components.schemas[ref.split('/').at(-1) ?? ''], seen);
  }
  for (const inner of Object.values(value)) yield* schemasIn(components, inner, seen);
}

function at(node: Node, path: string[]): Node {
  return path.reduce((inner, key) => Node.parse(inner[key]), node);
}

function parametersOf(operation: Node) {
  const parameters = z.array(Node).parse(operation['parameters']);
  return parameters
    .map(({ name, in: place, required, schema }) => {
      return { name, place, required, schema: shape({}, Node.parse(schema)) };
    })
    .toSorted((a, b) => String(a.name).localeCompare(String(b.name)));
}

function bearerOf(document: Node): Node {
  return at(document, ['components', 'securitySchemes', 'bearerAuth']);
}

/** A schema with its references followed, reduced to what it means, in a normal form. */
function shape(document: Node, schema: Node): Node {
  const ref = schema['$ref'];
  if (typeof ref === 'string') return shape(document, at(document, ref.split('/').slice(1)));
  const nullable = nullableOf(schema);
  if (nullable) {
    const inner = shape(document, nullable);
    return { ...inner, type: [inner['type'], 'null'] };
  }
  const { const: only, ...rest } = schema;
  const said = only === undefined ? rest : { ...rest, enum: [only] };
  return Object.fromEntries(
    Object.entries(said)
      .filter(([word]) => MEANING.includes(word))
      .map(([word, value]) => [word, shapeOf(document, word, value)]),
  );
}

/** `oneOf` with a schema and null says the same as a second type. */
function nullableOf(schema: Node): Node | undefined {
  const [inner, other, ...rest] = z.array(Node).safeParse(schema['oneOf']).data ?? [];
  return other?.['type'] === 'null' && rest.length === 0 ? inner : undefined;
}

function shapeOf(document: Node, word: string, value: unknown): unknown {
  if (word === 'properties') {
    const properties = Object.entries(Node.parse(value));
    return Object.fromEntries(
      properties.map(([name, property]) => [name, shape(document, Node.parse(property))]),
    );
  }
  if (word === 'items') return shape(document, Node.parse(value));
  if (word === 'oneOf')
    return z
      .array(Node)
      .parse(value)
      .map((one) => shape(document, one));
  if (word === 'required') return new Set(z.array(z.string()).parse(value));
  return value;
}
