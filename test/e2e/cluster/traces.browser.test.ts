import { expect, test } from 'vitest';
import { HAS_NATS } from '../../support/nats-server.ts';
import { openOtlpReceiver, pathsOf, type ReceivedSpan } from '../../support/otlp-receiver.ts';
import { TestCluster } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace } from '../../support/test.ts';

const CREATE = 'POST /v1/workspaces/{id}/runtimes';
const PLACED = `${CREATE} > runtime.place > bctrl.node/create > bctrl.node/create`;
const STOP = 'POST /v1/workspaces/{id}/runtimes/{alias}/stop';

/** Which side of a call a span is, and where. */
function madeBy({ kind, attributes, resource }: ReceivedSpan): string {
  return `${kind} of ${attributes['bctrl.node.id']} in ${resource['service.instance.id']}`;
}

test.skipIf(!HAS_NATS)(
  'a trace goes through the API and the node that has the runtime',
  async () => {
    await using receiver = await openOtlpReceiver();
    await using cluster = await TestCluster.open();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const node = await cluster.start('node', { ...env, BCTRL_MAX_RUNTIMES: '1' });
    const api = await cluster.start('api', env);
    const workspace = await createWorkspace(api);
    const { id } = await workspace.create();
    const asked = { runtime: id, steps: [{ call: 'page.title' }] };
    const executed = await api.call('POST', `/v1/workspaces/${workspace.id}/execute`, asked);
    expect(executed.json.status, executed.text).toBe('succeeded');
    const waiting = workspace.create({ alias: 'waited' });
    await eventually(async () => {
      const { json } = await api.call('GET', `${workspace.runtimes}/waited`);
      expect(json).toMatchObject({ status: 'active' });
    });
    await workspace.stop(id);
    await waiting;
    for (const one of [api, node]) expect(await one.stop('SIGINT')).toBe(0);

    const { spans } = receiver;
    const traceWith = (name: string) => spans.find((span) => span.name === name)?.traceId ?? '';
    const create = traceWith('runtime.up');
    expect(pathsOf(spans, create)).toEqual(
      expect.arrayContaining([
        CREATE,
        `${CREATE} > runtime.place`,
        PLACED,
        `${PLACED} > runtime.up`,
        `${PLACED} > runtime.up > browser.take`,
        `${PLACED} > runtime.up > runtime.insert`,
      ]),
    );
    const calls = spans.filter(({ traceId, name }) => traceId === create && /node/.test(name));
    expect(calls.map(madeBy).toSorted()).toEqual([
      `client of ${node.nodeId} in ${api.nodeId}`,
      `server of ${node.nodeId} in ${node.nodeId}`,
    ]);
    // Whoever waited sees where its launch took its time, too.
    const waited = pathsOf(spans, traceWith('runtime.queue'));
    const joined = `${CREATE} > runtime.place > runtime.queue > bctrl.node/start > bctrl.node/start > runtime.up`;
    expect(waited).toContain(joined);
    const ofWaiting = spans.filter(({ traceId }) => traceId === traceWith('runtime.queue'));
    const links = ofWaiting.flatMap((span) => (span.name === 'runtime.up' ? span.links : []));
    const [own] = spans.filter(({ spanId }) => links.includes(spanId));
    expect(pathsOf(spans, own?.traceId ?? '')).toContain('runtime.up > browser.take');
    expect(pathsOf(spans, traceWith('operation.step'))).toContain(
      'POST /v1/workspaces/{id}/execute > bctrl.node/call > bctrl.node/call > operation.run > operation.step',
    );
    expect(pathsOf(spans, traceWith('runtime.stop'))).toContain(
      `${STOP} > bctrl.node/stop > bctrl.node/stop > runtime.stop`,
    );
  },
);
