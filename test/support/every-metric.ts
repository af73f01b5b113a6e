import { tmpdir } from 'node:os';
import { cachedFigures } from '../../src/api/cached-figures.ts';
import { createMetrics, type Metrics } from '../../src/api/http/metrics.ts';
import { CapacityHistory } from '../../src/runtime-manager/index.ts';

/** A metric of the service, as a scrape tells of it. */
export interface ToldMetric {
  name: string;
  type: string;
  help: string;
  /** Those of its samples; undefined: it has none yet. */
  labels: string[] | undefined;
}

const LOAD = { slots: 10, active: 6, waiting: 2, free: 2, warm: 1 };
const CAPACITY = {
  ...LOAD,
  oldestWaitMs: 1500,
  launching: 1,
  memory: { freeBytes: 8, floorBytes: 1, browserBytes: 4 },
  launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
};
const FIGURES = {
  activeRuntimes: 7,
  waiting: 4,
  oldestWaitMs: 1500,
  nodes: { up: 2, draining: 1, lost: 0, left: 0 },
};

/** The metrics of a process that does all there is, with as many samples as it takes no browser for. */
export function openEveryMetric(exemplar?: () => { trace_id: string }): Metrics & Disposable {
  const metrics = createMetrics({ version: '1.2.3', ...(exemplar && { exemplar }) });
  metrics.show({
    node: { live: new Map(), load: LOAD, capacity: CAPACITY },
    machine: {
      launches: { launched: 5, failed: 1 },
      warmBrowsers: 1,
      browserMemoryBytes: 4,
      usage: { bytesIn: 1, bytesOut: 2, connections: 3 },
    },
    jailLevel: 'none',
    limits: {
      admission: { maxRuntimes: 10, maxLaunches: 2, maxQueue: 50, queueTimeoutMs: undefined },
      warm: { min: 1, max: 4 },
    },
    directories: { browsers: tmpdir(), data: '/nowhere' },
    chromiumVersion: '156.0.1.2',
  });
  metrics.showDatabase(async () => true);
  metrics.showStorage(async () => ({ usedBytes: 1, limitBytes: 2 }));
  const figures = cachedFigures({ figures: async () => FIGURES });
  const capacity = new CapacityHistory({
    nodes: () => [{ ...CAPACITY, nodeId: 'a' }],
    waiting: figures,
  });
  const cluster = metrics.openCluster();
  cluster.showNode({ load: LOAD, isDraining: false });
  cluster.showCluster({ capacity, figures });
  cluster.placed('taken');
  metrics.meter.failed('runtime.crashed');
  metrics.files.stored('upload', 5);
  metrics.files.download('stored');
  metrics.audit.lost(0);
  metrics.webhooks.delivered(120);
  metrics.answered('runtimes-create', 200, 120);
  return { ...metrics, [Symbol.dispose]: () => capacity[Symbol.dispose]() };
}

/** The service's own metrics in the classic format; those of the library are left out. */
export function toldMetrics(text: string): ToldMetric[] {
  return [...text.matchAll(/^# HELP (bctrl_\w+) (.+)\n# TYPE \w+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => ({ name, type, help, labels: labelsOf(text, name) }),
  );
}

function labelsOf(text: string, name: string): string[] | undefined {
  const [, labels] =
    new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? [\\d.e+-]+$`, 'm').exec(text) ?? [];
  if (labels === undefined) return text.includes(`\n${name} `) ? [] : undefined;
  const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
  return names.filter((label) => label !== 'le').toSorted();
}
