import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { Counter, Gauge } from 'prom-client';
import type { LocalMachine, LocalNode } from '../../runtime-manager/index.ts';
import type { JailLevel } from '../../runtime-manager/runtime/index.ts';
import type { Config } from '../config/config.ts';
import { showGauge, type Registers } from './gauge.ts';

/** What a node with browsers tells at each scrape. */
export interface ShownNode {
  node: Pick<LocalNode, 'live' | 'load' | 'capacity'>;
  machine: Pick<LocalMachine, 'launches' | 'warmBrowsers' | 'browserMemoryBytes' | 'usage'>;
  jailLevel: JailLevel;
  limits: Pick<Config, 'admission' | 'warm'>;
  /** Where there has to be room, each with its name. */
  directories: Record<'browsers' | 'data', string>;
}

export function showNode(registers: Registers, parts: ShownNode): void {
  showJail(registers, parts);
  showRuntimes(registers, parts);
  showQueue(registers, parts);
  showBrowsers(registers, parts);
  showMemory(registers, parts);
  showDisks(registers, parts);
  showEgress(registers, parts);
}

function showJail(registers: Registers, { jailLevel: level }: ShownNode): void {
  new Gauge({
    name: 'bctrl_jail_info',
    help: 'How browsers are isolated from the machine; always 1.',
    labelNames: ['level'],
    registers,
  }).set({ level }, 1);
}

function showRuntimes(registers: Registers, { node }: ShownNode): void {
  const live = () => [...node.live.values()];
  new Gauge({
    name: 'bctrl_runtimes_active',
    help: 'Active runtimes on this node.',
    labelNames: ['mode', 'driver'],
    registers,
    collect() {
      this.reset();
      for (const { runtime } of live()) {
        this.inc({ mode: runtime.launch.mode, driver: runtime.driver });
      }
    },
  });
  showGauge(registers, 'bctrl_runtimes_held', {
    help: 'Slots in use: by active runtimes, and by runtimes that are starting or ending.',
    read: () => node.load.active,
  });
  showGauge(registers, 'bctrl_runtimes_limit', {
    help: 'The maximum number of active runtimes on this node.',
    read: () => node.load.slots,
  });
  showGauge(registers, 'bctrl_runtimes_free', {
    help: 'How many more runtimes this node could start now, given its slots, its memory and whether it is draining.',
    read: () => node.load.free,
  });
  showGauge(registers, 'bctrl_attached_clients', {
    help: 'Clients attached to browsers.',
    read: () => live().reduce((sum, { connections }) => sum + connections.attachedClients, 0),
  });
}

function showQueue(registers: Registers, { node, limits }: ShownNode): void {
  showGauge(registers, 'bctrl_runtime_queue_length', {
    help: 'Runtimes that are waiting for a slot.',
    read: () => node.load.waiting,
  });
  showGauge(registers, 'bctrl_runtime_queue_limit', {
    help: 'The maximum number of runtimes that can wait for a slot.',
    read: () => limits.admission.maxQueue,
  });
  showGauge(registers, 'bctrl_runtime_queue_oldest_seconds', {
    help: 'How long the oldest runtime in the queue has been waiting; 0 if the queue is empty.',
    read: () => node.capacity.oldestWaitMs / 1000,
  });
}

function showBrowsers(registers: Registers, { node, machine, limits }: ShownNode): void {
  new Counter({
    name: 'bctrl_browser_launches_total',
    help: 'Browser launches, for a request or in advance.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(machine.launches)) this.inc({ outcome }, count);
    },
  });
  showGauge(registers, 'bctrl_browser_launches_running', {
    help: 'Browser launches in progress.',
    read: () => node.capacity.launching,
  });
  showGauge(registers, 'bctrl_browser_launches_limit', {
    help: 'The maximum number of concurrent browser launches.',
    read: () => limits.admission.maxLaunches,
  });
  showGauge(registers, 'bctrl_warm_browsers', {
    help: 'Browsers that have been launched in advance and are ready for use.',
    read: () => machine.warmBrowsers,
  });
  showGauge(registers, 'bctrl_warm_browsers_limit', {
    help: 'The maximum number of browsers that are kept ready.',
    read: () => limits.warm.max,
  });
}

function showMemory(registers: Registers, { node, machine }: ShownNode): void {
  showGauge(registers, 'bctrl_browser_memory_bytes', {
    help: 'Memory that all browsers use (PSS), as last measured.',
    read: () => machine.browserMemoryBytes,
  });
  showGauge(registers, 'bctrl_memory_free_bytes', {
    help: 'Available memory of the machine, or of the cgroup of the service.',
    read: () => node.capacity.memory.freeBytes,
  });
  showGauge(registers, 'bctrl_memory_floor_bytes', {
    help: 'Memory that must stay free: no browser is launched that would use it.',
    read: () => node.capacity.memory.floorBytes,
  });
  showGauge(registers, 'bctrl_memory_size_bytes', {
    help: 'Total memory of the machine, or of the cgroup of the service.',
    read: () => Math.min(totalmem(), process.constrainedMemory() || Infinity),
  });
}

/** A directory that the system does not tell of is left out. */
function showDisks(registers: Registers, { directories }: ShownNode): void {
  const show = (name: string, help: string, blocks: 'bavail' | 'blocks') =>
    new Gauge({
      name,
      help,
      labelNames: ['directory'],
      registers,
      async collect() {
        this.reset();
        for (const [directory, path] of Object.entries(directories)) {
          const found = await statfs(path).catch(() => undefined);
          if (found) this.set({ directory }, found[blocks] * found.bsize);
        }
      },
    });
  show(
    'bctrl_disk_free_bytes',
    'Free disk space for the files of browsers, and for the data directory.',
    'bavail',
  );
  show('bctrl_disk_size_bytes', 'The size of these file systems.', 'blocks');
}

function showEgress(registers: Registers, { machine }: ShownNode): void {
  new Counter({
    name: 'bctrl_egress_bytes_total',
    help: 'Bytes that browsers sent and received.',
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
