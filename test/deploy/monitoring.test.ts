import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readProjectFile } from '../support/deploy-files.ts';
import { openEveryMetric } from '../support/every-metric.ts';
import { promtool, testWithPromtool } from '../support/promtool.ts';
import { freshDirectory } from '../support/storages.ts';

const ALERTS = 'deploy/prometheus/alerts.yml';
const DASHBOARD = 'deploy/grafana/bctrl.json';

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const Panel = z.object({
  id: z.number(),
  title: z.string(),
  type: z.string(),
  description: z.string().optional(),
  targets: z.array(z.object({ expr: z.string() })).default([]),
});
const Dashboard = z.object({ uid: z.literal('bctrl'), panels: z.array(Panel) });

const alerts = Rules.parse(parse(await readProjectFile(ALERTS))).groups.flatMap(
  ({ rules }) => rules,
);
const { panels } = Dashboard.parse(JSON.parse(await readProjectFile(DASHBOARD)));
const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** A rule that Prometheus can check, for an expression of the dashboard. */
function toRule(expr: string, n: number) {
  return { record: `panel:${n}`, expr: expr.replaceAll('$__rate_interval', '5m') };
}

/** The metrics that expressions name. */
function namedIn(expressions: string[]): string[] {
  const names = expressions.flatMap((one) => one.match(/\b(?:bctrl|nodejs|process)_\w+/g) ?? []);
  return [...new Set(names)].toSorted();
}

/** The names of all samples that a process can tell. */
async function told(): Promise<Set<string>> {
  using metrics = openEveryMetric();
  await metrics.meter.time('browser', async () => undefined);
  const { text } = await metrics.expose(undefined);
  return new Set([...text.matchAll(/^(?:# HELP )?(\w+)/gm)].map(([, name = '']) => name));
}

test.for([
  ['alerts', alerts.map(({ expr }) => expr)],
  ['the dashboard', shown],
] as const)('%s name only metrics that there are', async ([, expressions]) => {
  const names = namedIn([...expressions]);
  expect(names.length).toBeGreaterThan(10);
  const all = await told();
  expect(names.filter((name) => !all.has(name))).toEqual([]);
});

test('the dashboard shows every metric of the service', async () => {
  const names = namedIn(shown).map((name) => name.replace(/_(?:bucket|count)$/, ''));
  using metrics = openEveryMetric();
  const { text } = await metrics.expose(undefined);
  const all = [...text.matchAll(/^# TYPE (bctrl_\w+)/gm)].map(([, name = '']) => name);
  const unseen = all.filter((name) => !names.includes(name));
  expect(unseen.toSorted()).toEqual([
    // Of interest where something else is wrong.
    'bctrl_files_stored_total',
    'bctrl_jail_info',
    'bctrl_lease_renew_seconds',
    'bctrl_node_draining',
    'bctrl_node_free',
  ]);
});

test('each panel says what it shows, and has a place of its own', () => {
  const graphs = panels.filter(({ type }) => type !== 'row');
  expect(graphs.filter(({ description = '', targets }) => !description || !targets[0])).toEqual([]);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

testWithPromtool('Prometheus takes the rules, and they alert when they should', async () => {
  expect(await promtool(['check', 'rules', pathOf(ALERTS)])).toMatchObject({ code: 0 });
  const tests = pathOf('deploy/prometheus/alerts.test.yml');
  expect(await promtool(['test', 'rules', tests])).toMatchObject({ code: 0 });
});

testWithPromtool('Prometheus understands every expression of the dashboard', async () => {
  const rules = { groups: [{ name: 'dashboard', rules: shown.map(toRule) }] };
  const file = join(await freshDirectory(), 'rules.json');
  await writeFile(file, JSON.stringify(rules));
  expect(await promtool(['check', 'rules', file])).toMatchObject({ code: 0 });
});
