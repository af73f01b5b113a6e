import { Counter } from 'prom-client';
import type { FileMetrics } from '../../runtime-manager/index.ts';
import type { StorageTotals } from '../../runtime-manager/runtime/index.ts';
import type { Figures } from '../cached-figures.ts';
import { showGauge, type Registers } from './gauge.ts';

export function createFileMetrics(registers: Registers): FileMetrics {
  const stored = new Counter({
    name: 'bctrl_files_stored_total',
    help: 'Stored files, by their source.',
    labelNames: ['source'],
    registers,
  });
  const bytes = new Counter({
    name: 'bctrl_files_stored_bytes_total',
    help: 'Bytes of stored files, by their source.',
    labelNames: ['source'],
    registers,
  });
  const downloads = new Counter({
    name: 'bctrl_downloads_total',
    help: 'Finished downloads of browsers: `stored`, or the reason why not.',
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
    help: 'Total size of the files of all organizations.',
    read: async () => (await totals())?.usedBytes,
  });
  showGauge(registers, 'bctrl_storage_limit_bytes', {
    help: 'Total storage limit of all organizations.',
    read: async () => (await totals())?.limitBytes,
  });
}
