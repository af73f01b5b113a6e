import { Counter } from 'prom-client';
import type { FileMetrics } from '../../runtime-manager/index.ts';
import type { StorageTotals } from '../../runtime-manager/runtime/index.ts';
import type { Figures } from '../cached-figures.ts';
import { showGauge, type Registers } from './gauge.ts';

export function createFileMetrics(registers: Registers): FileMetrics {
  const stored = new Counter({
    name: 'bctrl_files_stored_total',
    help: 'Files that were stored, by where they came from.',
    labelNames: ['source'],
    registers,
  });
  const bytes = new Counter({
    name: 'bctrl_files_stored_bytes_total',
    help: 'Bytes of files that were stored, by where they came from.',
    labelNames: ['source'],
    registers,
  });
  const downloads = new Counter({
    name: 'bctrl_downloads_total',
    help: 'Downloads of browsers that are over: `stored`, or why they were not.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    stored: (source, sizeBytes) => {
      stored.inc({ source });
      bytes.inc({ source }, sizeBytes);
    },
    download: (outcome) => downloads.inc({ outcome }),
  };
}

/** What all organizations have, which is the same from every process; left out while the database does not answer. */
export function showStorage(registers: Registers, totals: Figures<StorageTotals>): void {
  showGauge(registers, 'bctrl_storage_bytes', {
    help: 'Bytes of files that all organizations have.',
    read: async () => (await totals())?.usedBytes,
  });
  showGauge(registers, 'bctrl_storage_limit_bytes', {
    help: 'Bytes of files that all organizations may have.',
    read: async () => (await totals())?.limitBytes,
  });
}
