import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  checkFiles,
  type FileCheck,
  type FileCheckOptions,
  type WrongBytes,
  type WrongContent,
} from '../files/file-check.ts';
import type { RuntimeState } from '../runtime/lifecycle.ts';
import { listeningPorts } from '../machine/listening-ports.ts';
import { killProcessesUnder } from '../machine/kill-process-tree.ts';
import { processesUnder, type ProcessEntry } from '../machine/process-table.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { failure } from '../runtime/failures.ts';
import {
  previewRetention,
  type PreviewOptions,
  type RetentionPreview,
} from '../retention/preview.ts';

/** A browser that is just being launched has a directory before it has processes. */
const LAUNCHING_MS = 60_000;
/** A process that is about to exit is gone by then, such as a crash handler without its browser. */
const ENDING_MS = 5000;
const LOOK_MS = 250;

/** Something that does not belong to anything. */
export type Finding =
  | { kind: 'orphan_processes'; directory: string; processes: FoundProcess[]; ports: number[] }
  | { kind: 'orphan_directory'; directory: string }
  | { kind: 'runtime_without_browser'; runtimeId: string; alias: string; state: RuntimeState }
  /** The storage of another database, or of another copy of this one. A person has to say which is right. */
  | { kind: 'foreign_storage' }
  /** A person has to say what becomes of such a file. */
  | ({ kind: 'wrong_content' } & WrongContent)
  | ({ kind: 'wrong_storage_bytes' } & WrongBytes);

export interface FoundProcess {
  pid: number;
  program: string;
}

export interface DoctorReport {
  /** What was looked at. */
  examined: { processes: number; directories: number; activeRuntimes: number };
  findings: Finding[];
}

export interface DoctorOptions {
  store: Pick<RuntimeStore, 'listActive' | 'find' | 'move'>;
  nodeId: string;
  /** Where the node's browsers have their directories. */
  root: string;
  /** Where browsers have their files on disk, under the same names. */
  filesRoot: string;
  /** The process of the service; undefined when none runs. */
  servicePid: number | undefined;
}

export interface Diagnosis extends DoctorReport {
  retention: RetentionPreview;
  files: Pick<FileCheck, 'examined' | 'isComplete' | 'wrong'>;
}

/** Finds what does not belong together, and what is going to be removed. Changes nothing. */
export async function diagnose(
  options: DoctorOptions & PreviewOptions & FileCheckOptions,
): Promise<Diagnosis> {
  const retention = await previewRetention(options);
  const { wrongContents, wrongBytes, ...checked } = await checkFiles(options);
  const { examined, findings } = await examine(options);
  if (retention.storage.state === 'foreign') findings.push({ kind: 'foreign_storage' });
  for (const one of wrongContents) findings.push({ kind: 'wrong_content', ...one });
  for (const one of wrongBytes) findings.push({ kind: 'wrong_storage_bytes', ...one });
  return { examined, findings, retention, files: checked };
}

/**
 * Compares what a node's processes, directories and records say. Processes belong to the service
 * when it is the parent of one in their directory; a record does when its browser does. Looks
 * several times, and reports only what every look found.
 */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  let report = await look(options);
  const until = performance.now() + ENDING_MS;
  while (report.findings.length > 0 && performance.now() < until) {
    await delay(LOOK_MS);
    const { examined, findings } = await look(options);
    report = { examined, findings: findings.flatMap((one) => remaining(one, report.findings)) };
  }
  return report;
}

/** The part of a finding that was there before. */
function remaining(finding: Finding, before: Finding[]): Finding[] {
  if (finding.kind !== 'orphan_processes') {
    return before.some((one) => isDeepStrictEqual(one, finding)) ? [finding] : [];
  }
  const pids = new Set(
    before.flatMap((one) => (one.kind === finding.kind ? one.processes : [])).map(({ pid }) => pid),
  );
  const processes = finding.processes.filter(({ pid }) => pids.has(pid));
  return processes.length > 0 ? [{ ...finding, processes }] : [];
}

async function look(options: DoctorOptions): Promise<DoctorReport> {
  const { store, nodeId, root, filesRoot, servicePid } = options;
  // The records are read first, so that a browser which comes up in between is found, and not
  // missed.
  const active = await store.listActive(nodeId);
  const found = await Promise.all([root, filesRoot].map((path) => readdir(path).catch(() => [])));
  const directories = [...new Set(found.flat())];
  const processes = await processesUnder(root);
  const held = new Set(
    processes.filter(({ parent }) => parent === servicePid).map(({ directory }) => directory),
  );
  const findings = await Promise.all([
    ...orphansOf(processes, held),
    ...directories.map((directory) => findDirectory(options, directory, processes)),
    ...active.map((runtime) => findRuntime(options, runtime, held)),
  ]);
  return {
    examined: {
      processes: processes.length,
      directories: directories.length,
      activeRuntimes: active.length,
    },
    findings: findings.filter((finding) => finding !== undefined),
  };
}

/**
 * Kills and removes what was found, and corrects the records. The owner of a storage stays, and so do
 * files without their content.
 */
export async function repair(
  options: DoctorOptions & Pick<FileCheckOptions, 'fileRecords'>,
  { findings }: DoctorReport,
): Promise<void> {
  for (const finding of findings) {
    if (finding.kind === 'runtime_without_browser') await giveUp(options, finding.runtimeId);
    else if ('directory' in finding) await removeDirectory(options, finding.directory);
  }
  const isToCorrect = findings.some(({ kind }) => kind === 'wrong_storage_bytes');
  if (isToCorrect) await options.fileRecords.correctBytes();
}

function orphansOf(processes: ProcessEntry[], held: Set<string>): Promise<Finding>[] {
  const orphans = processes.filter(({ directory }) => !held.has(directory));
  const byDirectory = Map.groupBy(orphans, ({ directory }) => directory);
  return [...byDirectory].map(async ([directory, entries]): Promise<Finding> => {
    const ports = await listeningPorts(entries.map(({ pid }) => pid));
    return { kind: 'orphan_processes', directory, processes: entries.map(describe), ports };
  });
}

function describe({ pid, command: [program = ''] }: ProcessEntry): FoundProcess {
  return { pid, program: basename(program) };
}

async function findDirectory(
  { root, filesRoot, servicePid }: DoctorOptions,
  directory: string,
  processes: ProcessEntry[],
): Promise<Finding | undefined> {
  if (processes.some((process) => process.directory === directory)) return undefined;
  const found = [root, filesRoot].map((path) => stat(join(path, directory)).catch(() => undefined));
  const made = (await Promise.all(found)).find((one) => one !== undefined);
  if (!made) return undefined;
  const isNew = Date.now() - made.mtimeMs < LAUNCHING_MS;
  return servicePid !== undefined && isNew ? undefined : { kind: 'orphan_directory', directory };
}

/** Reads the record once more, since the runtime may have ended meanwhile. */
async function findRuntime(
  { store, servicePid }: DoctorOptions,
  { organizationId, workspaceId, id, alias, state, browserDirectory = '' }: Runtime,
  held: Set<string>,
): Promise<Finding | undefined> {
  const isInOrder = state === 'running' ? held.has(browserDirectory) : servicePid !== undefined;
  if (isInOrder) return undefined;
  const now = await store.find(organizationId, workspaceId, id);
  if (now?.state !== state) return undefined;
  return { kind: 'runtime_without_browser', runtimeId: id, alias, state };
}

async function giveUp({ store, nodeId }: DoctorOptions, runtimeId: string): Promise<void> {
  const runtime = (await store.listActive(nodeId)).find(({ id }) => id === runtimeId);
  if (runtime) await store.move(runtime, { to: 'failed', failure: failure('runtime.lost') });
}

async function removeDirectory(
  { root, filesRoot }: DoctorOptions,
  directory: string,
): Promise<void> {
  await killProcessesUnder(root, directory);
  for (const path of [root, filesRoot]) {
    await rm(join(path, directory), { recursive: true, force: true, maxRetries: 10 });
  }
}
