import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { figure, isMissed, type Row } from './rows.ts';
import { median, p95 } from './statistics.ts';

const RESULTS = join(import.meta.dirname, '../results');
const HEAD = ['Measure', 'n', 'Median', 'p95', 'Result', 'Goal', ''];

/** Lines of cells, of equal width, or as a table of Markdown. */
export function printRows(rows: Row[], { markdown }: { markdown: boolean }): void {
  const lines = rows.flatMap(linesOf);
  const missed = rows.filter(isMissed).length;
  console.log((markdown ? markdownTable : plainTable)([HEAD, ...lines]));
  if (rows.length === 0) console.log('Nothing was measured.');
  else if (missed === 0) console.log('Every goal of these is met.');
  else console.log(`${missed} of ${rows.length} measures missed.`);
}

/** Resolves with the path of the file. */
export async function saveRows(rows: Row[], seconds: number): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const path = join(RESULTS, `${at.replaceAll(':', '-')}.json`);
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model,
    memoryMb: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    node: process.version,
  };
  const summarized = rows.map(({ measure, unit, samples, checks }) => ({
    measure,
    unit,
    n: samples.length,
    median: median(samples),
    p95: p95(samples),
    checks,
    samples,
  }));
  await writeFile(path, JSON.stringify({ at, seconds, machine, rows: summarized }, null, 2));
  return path;
}

function linesOf({ measure, unit, samples, checks }: Row): string[][] {
  const what = [
    measure,
    String(samples.length),
    `${figure(median(samples))} ${unit}`.trim(),
    figure(p95(samples)),
  ];
  const [first, ...others] = checks.map(({ is, goal = '', met }) => [
    is,
    goal,
    met === undefined ? '' : met ? 'met' : 'missed',
  ]);
  return [
    [...what, ...(first ?? ['', '', ''])],
    ...others.map((check) => [...what.map(() => ''), ...check]),
  ];
}

function plainTable(lines: string[][]): string {
  const widths = HEAD.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}

function markdownTable([head = [], ...lines]: string[][]): string {
  return [head, head.map(() => '---'), ...lines].map(markdownRow).join('\n');
}

function markdownRow(cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}
