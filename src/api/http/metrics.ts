import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client';
import type {
  AuditMetrics,
  FileMetrics,
  RuntimeMetrics,
  WebhookMetrics,
} from '../../runtime-manager/index.ts';
import { auditOutcomeOf, type StorageTotals } from '../../runtime-manager/runtime/index.ts';
import type { Figures } from '../cached-figures.ts';
import { createClusterMetrics, type ClusterMetrics } from './cluster-metrics.ts';
import { expose, type Exposition } from './exposition.ts';
import { createFileMetrics, showStorage } from './file-metrics.ts';
import { showGauge, type Registers } from './gauge.ts';
import { showNode, type ShownNode } from './node-metrics.ts';
import { createTiming, type Exemplar } from './timing.ts';
import { createWebhookMetrics } from './webhook-metrics.ts';

/** From a browser that was ready to one that waited long in the queue. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Gauges that the library calls as only counters are called. They are sums of others that it has.
 * https://prometheus.io/docs/practices/naming/
 */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

export interface MetricsOptions {
  /** Of this service. */
  version: string;
  /** What leads from a sample to its trace. */
  exemplar?: Exemplar;
}

export interface Metrics {
  meter: RuntimeMetrics;
  files: FileMetrics;
  audit: AuditMetrics;
  /** Times a request of an operation until its answer begins. */
  answered: (operation: string, status: number, ms: number) => void;
  /** Adds gauges that read the state of these parts at each scrape, and tells of their Chromium. */
  show(parts: ShownNode & { chromiumVersion: string }): void;
  /** Adds a gauge that asks the database. */
  showDatabase: (isUp: Figures<boolean>) => void;
  webhooks: WebhookMetrics;
  /** Adds gauges of what all organizations have. */
  showStorage: (totals: Figures<StorageTotals>) => void;
  /** Adds those of a process that has others. */
  openCluster: () => ClusterMetrics;
  /** `accept`: the header of whoever scrapes. */
  expose: (accept: string | undefined) => Promise<Exposition>;
}

/** Makes the counters, gauges and histograms of the service, for Prometheus. */
export function createMetrics({ version, exemplar = () => undefined }: MetricsOptions): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const nameBuild = showBuild(registers, version);
  return {
    meter: createMeter(registers, exemplar),
    files: createFileMetrics(registers),
    audit: createAuditMetrics(registers),
    webhooks: createWebhookMetrics(registers, exemplar),
    answered: createRequestTiming(registers, exemplar),
    show: ({ chromiumVersion, ...parts }) => {
      nameBuild(chromiumVersion);
      showNode(registers, parts);
    },
    showDatabase: (isUp) => showDatabase(registers, isUp),
    showStorage: (totals) => showStorage(registers, totals),
    openCluster: () => createClusterMetrics(registers, exemplar),
    expose: (accept) => expose(registry, accept),
  };
}

function createMeter(registers: Registers, exemplar: Exemplar): RuntimeMetrics {
  const stages = createTiming(
    {
      name: 'bctrl_runtime_stage_seconds',
      help: 'How long the stages of starting a runtime take.',
      labelNames: ['stage'],
      buckets: SECONDS,
      registers,
    },
    exemplar,
  );
  const failures = new Counter({
    name: 'bctrl_runtime_failures_total',
    help: 'Runtimes that failed.',
    labelNames: ['code'],
    registers,
  });
  return {
    time: (stage, work) => stages.time({ stage }, work),
    failed: (code) => failures.inc({ code }),
  };
}

function createRequestTiming(registers: Registers, exemplar: Exemplar): Metrics['answered'] {
  const requests = createTiming(
    {
      name: 'bctrl_http_request_seconds',
      help: 'How long API requests take until the response begins.',
      labelNames: ['operation', 'outcome'],
      buckets: SECONDS,
      registers,
    },
    exemplar,
  );
  return (operation, status, ms) =>
    requests.observe({ operation, outcome: auditOutcomeOf(status) }, ms);
}

function createAuditMetrics(registers: Registers): AuditMetrics {
  const lost = new Counter({
    name: 'bctrl_audit_entries_lost_total',
    help: 'Audit entries that could not be written.',
    registers,
  });
  return { lost: (count) => lost.inc(count) };
}

/** Returns what names the Chromium, once it is known. */
function showBuild(registers: Registers, version: string): (chromiumVersion: string) => void {
  const build = new Gauge({
    name: 'bctrl_build_info',
    help: 'The versions of the service, of Node.js and, on nodes, of Chromium; always 1.',
    labelNames: ['version', 'node_version', 'chromium_version'],
    registers,
  });
  const name = (chromium_version: string) => {
    build.reset();
    build.set({ version, node_version: process.versions.node, chromium_version }, 1);
  };
  name('');
  return name;
}

function showDatabase(registers: Registers, isUp: Figures<boolean>): void {
  showGauge(registers, 'bctrl_database_up', {
    help: 'Whether the database responds and accepts writes: 1 or 0.',
    read: async () => Number((await isUp()) ?? false),
  });
}
