import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { hashOf, openFileSite } from '../../support/file-site.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { RUNTIMES } from '../../support/lost.ts';
import { at, createOn, type ReplicasTest } from '../../support/replicas.ts';
import { createWorkspace } from '../../support/test.ts';

/** How files of runtimes on any machine are read and given, at any API. */
export function testFiles(test: ReplicasTest): void {
  test('a download at one API is read at the other, and given to a page on another node', async ({
    replicas: { nodes, first, second },
  }) => {
    const site = await openFileSite();
    const workspace = await createWorkspace(first);
    const [one, other] = nodes;
    const source = await createOn(one, workspace);
    const page = await puppeteerPage(at(second, source.connection.cdpUrl), site.url);
    await page.click('#unicode');
    const files = `${workspace.runtimes}/${source.id}/files`;
    const [file] = await eventually(async () => {
      const { json } = await second.call('GET', files);
      expect(json.files).toMatchObject([{ state: 'stored' }]);
      return json.files;
    });
    await first.call('POST', `${workspace.runtimes}/${source.id}/stop`);
    const content = await second.call('GET', `${files}/${file.id}/content`);
    expect(hashOf(Buffer.from(content.text))).toBe(file.sha256);
    const target = await createOn(other, workspace);
    const staged = await second.call('POST', `${workspace.runtimes}/${target.id}/files`, {
      fileId: file.id,
    });
    expect(staged, staged.text).toMatchObject({ status: 200, json: { name: file.name } });
    const form = await puppeteerPage(target.connection.cdpUrl, site.url);
    const input = await form.waitForSelector('input');
    await input?.uploadFile(staged.json.path);
    await form.click('#send');
    await eventually(async () => {
      expect(await form.title()).toBe(`${file.name} ${file.sha256}`);
    });
  });

  test('when a node is lost, what was arriving there has failed', async ({
    replicas: { cluster, first },
  }) => {
    const site = await openFileSite();
    const doomed = await cluster.start('node');
    const made = await eventually(async () => {
      const created = await first.call('POST', RUNTIMES, { alias: randomUUID(), kind: 'browser' });
      const { json } = created;
      expect(created.status).toBe(200);
      if (json.connection.cdpUrl.includes(doomed.nodeId)) return json;
      const ticket = json.connection.cdpUrl.split('/v1/connect/')[1].split('.')[0];
      const { nodeId } = JSON.parse(Buffer.from(ticket, 'base64url').toString());
      if (nodeId !== doomed.nodeId) await first.call('POST', `${RUNTIMES}/${json.id}/stop`);
      expect(nodeId).toBe(doomed.nodeId);
      return json;
    });
    const page = await puppeteerPage(made.connection.cdpUrl, site.url);
    await page.click('#slow');
    const files = `${RUNTIMES}/${made.id}/files`;
    await eventually(async () =>
      expect((await first.call('GET', files)).json.files).toMatchObject([{ state: 'arriving' }]),
    );
    await doomed.stop('SIGKILL');
    await eventually(async () =>
      expect((await first.call('GET', files)).json.files).toMatchObject([
        { state: 'failed', failure: { code: 'download.cut_off' } },
      ]),
    );
  });
}
