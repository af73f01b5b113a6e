import { expect } from 'vitest';
import { test } from '../support/api-test.ts';

test.for([
  ['width=0', 'width'],
  ['width=7681', 'width'],
  ['width=1.5', 'width'],
  ['width=wide', 'width'],
  ['quality=0&format=jpeg', 'quality'],
  ['quality=101&format=jpeg', 'quality'],
  ['quality=50', 'quality'],
  ['quality=50&format=png&width=320', 'quality'],
  ['format=gif', 'format'],
  ['format=webp&width=320', 'format'],
  ['pageId=a%2Fb', 'pageId'],
  ['height=100', 'height'],
])(
  'a screenshot with %s is refused, and %s named',
  async ([query, path], { service, workspace }) => {
    const { id } = await workspace.create();
    const refused = await service.call('GET', `${workspace.runtimes}/${id}/screenshot?${query}`);
    expect(refused).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'query', path }] } },
    });
  },
);

test('there is no screenshot of a runtime that is over, or that nobody has', async ({
  service,
  workspace,
}) => {
  const { id } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/screenshot?width=320`;
  expect(await service.callAsOther('GET', path)).toMatchObject({ status: 404 });
  await workspace.stop(id);
  expect(await service.call('GET', path)).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
  const nobodys = await service.call('GET', `${workspace.runtimes}/nobody/screenshot`);
  expect(nobodys).toMatchObject({ status: 404, json: { code: 'runtime.not_found' } });
});

test('the reference declares the pictures as binary', async ({ service }) => {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  const { get } = paths['/v1/workspaces/{id}/runtimes/{alias}/screenshot'];
  expect(get['x-required-scopes']).toEqual(['runtimes:connect']);
  const binary = { schema: { type: 'string', format: 'binary' } };
  const content = { 'image/jpeg': binary, 'image/png': binary, 'image/webp': binary };
  expect(get.responses[200].content).toEqual(content);
  expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['pageId', 'width', 'format', 'quality']),
  );
});
