import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/api/http/metrics.ts';
import { openEveryMetric, toldMetrics } from '../../support/every-metric.ts';
import { readProjectFile } from '../../support/deploy-files.ts';
import { promtool, testWithPromtool } from '../../support/promtool.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2';

test('the docs have every metric, with its type, labels and meaning, and no other', async () => {
  using metrics = openEveryMetric();
  await metrics.meter.time('browser', async () => undefined);
  const { text } = await metrics.expose(undefined);
  const docs = await readProjectFile('docs/metrics.md');
  const rows = [...docs.matchAll(/^\| `(bctrl_\w+)` *\| (\w+) *\| (.*?) *\| (.+?) *\|$/gm)].map(
    ([, name = '', type, labels = '', help]) => ({
      name,
      type,
      labels: labels.match(/\w+/g) ?? [],
      help,
    }),
  );
  const told = toldMetrics(text);
  expect(rows.map(({ name }) => name).toSorted()).toEqual(told.map(({ name }) => name).toSorted());
  for (const { name, type, help, labels } of told) {
    const row = rows.find((one) => one.name === name);
    expect(row).toMatchObject({ type, help });
    // Without browsers there is no active runtime.
    if (name !== 'bctrl_runtimes_active') expect(row?.labels, name).toEqual(labels);
  }
});

test('a scrape has versions, and limits beside what they limit', async () => {
  using metrics = openEveryMetric();
  const lines = (await metrics.expose(undefined)).text.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      `bctrl_build_info{version="1.2.3",node_version="${process.versions.node}",chromium_version="156.0.1.2"} 1`,
      'bctrl_runtimes_held 6',
      'bctrl_runtimes_limit 10',
      'bctrl_runtime_queue_length 2',
      'bctrl_runtime_queue_limit 50',
      'bctrl_runtime_queue_oldest_seconds 1.5',
      'bctrl_browser_launches_running 1',
      'bctrl_browser_launches_limit 2',
      'bctrl_warm_browsers 1',
      'bctrl_warm_browsers_limit 4',
      'bctrl_memory_free_bytes 8',
      'bctrl_memory_floor_bytes 1',
      'bctrl_database_up 1',
      'bctrl_http_request_seconds_count{operation="runtimes-create",outcome="succeeded"} 1',
    ]),
  );
  const disks = lines.filter((line) => /^bctrl_disk_(?:free|size)_bytes\{/.test(line));
  expect(disks.map((line) => line.replace(/ \d+$/, ''))).toEqual([
    'bctrl_disk_free_bytes{directory="browsers"}',
    'bctrl_disk_size_bytes{directory="browsers"}',
  ]);
});

test('a database that does not answer is told to be down', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.showDatabase(async () => undefined);
  expect((await metrics.expose(undefined)).text).toMatch(/^bctrl_database_up 0$/m);
});

test('whoever accepts OpenMetrics gets it, with the traces of samples', async () => {
  using metrics = openEveryMetric(() => ({ trace_id: TRACE }));
  const open = await metrics.expose(OPEN_METRICS);
  expect(open.contentType).toMatch(/^application\/openmetrics-text;/);
  expect(open.text).toContain(`# {trace_id="${TRACE}"} 0.12 `);
  expect(open.text).toMatch(/^# TYPE bctrl_browser_launches counter$/m);
  expect(open.text.endsWith('# EOF\n')).toBe(true);
  const classic = await metrics.expose('text/plain');
  expect(classic.contentType).toMatch(/^text\/plain;/);
  expect(classic.text).not.toMatch(/trace_id|EOF/);
  expect(classic.text).toMatch(/^# TYPE bctrl_browser_launches_total counter$/m);
  expect(samplesOf(classic.text)).toEqual(samplesOf(open.text));
});

/** What is counted and measured by this service. */
function samplesOf(text: string): string[] {
  const samples = [...text.matchAll(/^bctrl_\w+(?:\{.*?\})? \S+/gm)].map(([sample]) => sample);
  // These are new at each scrape.
  return samples.filter((sample) => !/^bctrl_(?:node_stall|disk)/.test(sample));
}

test('without a trace, a sample has no exemplar', async () => {
  using metrics = openEveryMetric();
  expect((await metrics.expose(OPEN_METRICS)).text).not.toContain(' # {');
});

testWithPromtool('Prometheus finds nothing wrong with the metrics', async () => {
  using metrics = openEveryMetric(() => ({ trace_id: TRACE }));
  await metrics.meter.time('browser', async () => undefined);
  const { text } = await metrics.expose(undefined);
  expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
});
