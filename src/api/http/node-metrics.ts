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
    help: 'How browsers are kept apart from the machine; always 1.',
    labelNames: ['level'],
    registers,
  }).set({ level }, 1);
}

function showRuntimes(registers: Registers, { node }: ShownNode): void {
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
  showGauge(registers, 'bctrl_runtimes_held', {
    help: 'Places that are taken: by active runtimes, and by those that are launched or end.',
    read: () => node.load.active,
  });
  showGauge(registers, 'bctrl_runtimes_limit', {
    help: 'Runtimes that this machine may have at once.',
    read: () => node.load.slots,
  });
  showGauge(registers, 'bctrl_runtimes_free', {
    help: 'Runtimes that would find room here now, by places, memory and draining.',
    read: () => node.load.free,
  });
  showGauge(registers, 'bctrl_attached_clients', {
    help: 'Clients attached to browsers.',
    read: () => live().reduce((sum, { connections }) => sum + connections.attachedClients, 0),
  });
}

function showQueue(registers: Registers, { node, limits }: ShownNode): void {
  showGauge(registers, 'bctrl_runtime_queue_length', {
    help: 'Runtimes that wait for room.',
    read: () => node.load.waiting,
  });
  showGauge(registers, 'bctrl_runtime_queue_limit', {
    help: 'Runtimes that may wait for room.',
    read: () => limits.admission.maxQueue,
  });
  showGauge(registers, 'bctrl_runtime_queue_oldest_seconds', {
    help: 'For how long the first of them has waited; 0 when none waits.',
    read: () => node.capacity.oldestWaitMs / 1000,
  });
}

function showBrowsers(registers: Registers, { node, machine, limits }: ShownNode): void {
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
  showGauge(registers, 'bctrl_browser_launches_running', {
    help: 'Launches that are under way.',
    read: () => node.capacity.launching,
  });
  showGauge(registers, 'bctrl_browser_launches_limit', {
    help: 'Launches that may be under way at once.',
    read: () => limits.admission.maxLaunches,
  });
  showGauge(registers, 'bctrl_warm_browsers', {
    help: 'Browsers that are ready to be handed out.',
    read: () => machine.warmBrowsers,
  });
  showGauge(registers, 'bctrl_warm_browsers_limit', {
    help: 'Browsers that are kept ready at most.',
    read: () => limits.warm.max,
  });
}

function showMemory(registers: Registers, { node, machine }: ShownNode): void {
  showGauge(registers, 'bctrl_browser_memory_bytes', {
    help: 'What all browsers use of the memory (PSS), as last measured.',
    read: () => machine.browserMemoryBytes,
  });
  showGauge(registers, 'bctrl_memory_free_bytes', {
    help: 'Memory that could still be used, of the machine or of the cgroup of the service.',
    read: () => node.capacity.memory.freeBytes,
  });
  showGauge(registers, 'bctrl_memory_floor_bytes', {
    help: 'Memory that is to stay free: no browser is launched that would take it.',
    read: () => node.capacity.memory.floorBytes,
  });
  showGauge(registers, 'bctrl_memory_size_bytes', {
    help: 'All memory, of the machine or of the cgroup of the service.',
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
    'Room where browsers have their files, and where the data is.',
    'bavail',
  );
  show('bctrl_disk_size_bytes', 'The sizes of these file systems.', 'blocks');
}

function showEgress(registers: Registers, { machine }: ShownNode): void {
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
