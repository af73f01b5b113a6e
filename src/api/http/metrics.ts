import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type {
  AuditMetrics,
  FileMetrics,
  LocalMachine,
  LocalNode,
  RuntimeMetrics,
} from '../../runtime-manager/index.ts';
import type { JailLevel, StorageTotals } from '../../runtime-manager/runtime/index.ts';
import type { Figures } from '../cached-figures.ts';
import { createClusterMetrics, type ClusterMetrics } from './cluster-metrics.ts';
import { createFileMetrics, showStorage } from './file-metrics.ts';
import { showGauge } from './gauge.ts';

/** From a browser that was ready to one that waited long in the queue. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Metrics {
  meter: RuntimeMetrics;
  files: FileMetrics;
  audit: AuditMetrics;
  /** Adds gauges that read the state of these parts at each scrape. */
  show(parts: { node: LocalNode; machine: LocalMachine; jailLevel: JailLevel }): void;
  /** Adds gauges of what all organizations have. */
  showStorage: (totals: Figures<StorageTotals>) => void;
  /** Adds those of a process that has others. */
  openCluster: () => ClusterMetrics;
  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): Promise<string>;
  contentType: string;
}

/** Makes the counters, gauges and histograms of the service, for Prometheus. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  showBuild(registers, version);
  return {
    meter: createMeter(registers),
    files: createFileMetrics(registers),
    audit: createAuditMetrics(registers),
    show: ({ node, machine, jailLevel }) => {
      showJail(registers, jailLevel);
      showRuntimes(registers, node);
      showBrowsers(registers, machine);
      showEgress(registers, machine);
    },
    showStorage: (totals) => showStorage(registers, totals),
    openCluster: () => createClusterMetrics(registers),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createMeter(registers: Registry[]): RuntimeMetrics {
  const stages = new Histogram({
    name: 'bctrl_runtime_stage_seconds',
    help: 'How long the stages of bringing a runtime up take.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'bctrl_runtime_failures_total',
    help: 'Runtimes that failed.',
    labelNames: ['code'],
    registers,
  });
  return {
    time: async (stage, work) => {
      const stop = stages.startTimer({ stage });
      try {
        return await work();
      } finally {
        stop();
      }
    },
    failed: (code) => failures.inc({ code }),
  };
}

function createAuditMetrics(registers: Registry[]): AuditMetrics {
  const lost = new Counter({
    name: 'bctrl_audit_entries_lost_total',
    help: 'Entries of the audit that were never written.',
    registers,
  });
  return { lost: (count) => lost.inc(count) };
}

function showBuild(registers: Registry[], version: string): void {
  new Gauge({
    name: 'bctrl_build_info',
    help: 'The version of the service; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
}

function showJail(registers: Registry[], level: JailLevel): void {
  new Gauge({
    name: 'bctrl_jail_info',
    help: 'How browsers are kept apart from the machine; always 1.',
    labelNames: ['level'],
    registers,
  }).set({ level }, 1);
}

function showRuntimes(registers: Registry[], node: LocalNode): void {
  const live = () => [...node.live.values()];
  new Gauge({
    name: 'bctrl_runtimes_active',
    help: 'Runtimes that are active here.',
    labelNames: ['mode', 'driver'],
    registers,
    collect() {
      this.reset();
      for (const { runtime } of live()) {
        this.inc({ mode: runtime.launch.mode, driver: runtime.driver });
      }
    },
  });
  showGauge(registers, 'bctrl_runtime_queue_length', {
    help: 'Runtimes that wait for room.',
    read: () => node.load.waiting,
  });
  showGauge(registers, 'bctrl_attached_clients', {
    help: 'Clients attached to browsers.',
    read: () => live().reduce((sum, { connections }) => sum + connections.attachedClients, 0),
  });
}

function showBrowsers(registers: Registry[], machine: LocalMachine): void {
  new Counter({
    name: 'bctrl_browser_launches_total',
    help: 'Launches of browsers, for a request or ahead of one.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(machine.launches)) this.inc({ outcome }, count);
    },
  });
  showGauge(registers, 'bctrl_warm_browsers', {
    help: 'Browsers that are ready to be handed out.',
    read: () => machine.warmBrowsers,
  });
  showGauge(registers, 'bctrl_browser_memory_bytes', {
    help: 'What all browsers use of the memory (PSS), as last measured.',
    read: () => machine.browserMemoryBytes,
  });
}

function showEgress(registers: Registry[], machine: LocalMachine): void {
  new Counter({
    name: 'bctrl_egress_bytes_total',
    help: 'What went through the connections of browsers.',
    labelNames: ['direction'],
    registers,
    collect() {
      const { bytesIn, bytesOut } = machine.usage;
      this.reset();
      this.inc({ direction: 'in' }, bytesIn);
      this.inc({ direction: 'out' }, bytesOut);
    },
  });
  new Counter({
    name: 'bctrl_egress_connections_total',
    help: 'Connections that browsers opened.',
    registers,
    collect() {
      this.reset();
      this.inc(machine.usage.connections);
    },
  });
}
