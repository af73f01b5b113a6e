import type { Database } from '../../db/client.ts';
import { createRuntimeStore } from '../../db/queries/runtimes.ts';
import {
  diagnose,
  repair,
  type Diagnosis,
  type Finding,
  type StoragePreview,
} from '../../runtime-manager/index.ts';
import { openCommandLineDatabase } from './database.ts';
import { browserRoots, type Config } from '../config/config.ts';
import { findService, readNodeId } from '../config/data-directory.ts';
import { openPreview } from '../retention.ts';
import { openSecrets } from '../config/secrets.ts';

const FOREIGN_STORAGE = `  the storage of archives belongs to another database, or to another copy of this one, so nothing is
  deleted from it. If this is the wrong database, correct DATABASE_URL, BCTRL_S3_BUCKET and
  BCTRL_S3_PREFIX. If it is the right one, such as after a restore: npm run doctor -- --adopt-storage`;

export interface DoctorRun {
  /** Ends and corrects what is found. */
  isToFix: boolean;
  /** Says that the storage of archives belongs to this database. */
  isToAdopt: boolean;
  print: (text: string) => void;
}

/**
 * Tells what does not belong together on this machine, beside a running service or without one.
 * Resolves with the exit code: 1 when something is left, and else 0.
 */
export async function runDoctor(
  config: Config,
  { isToFix, isToAdopt, print }: DoctorRun,
): Promise<number> {
  // Looked up before the database is opened, since this command may take the place of a service
  // then.
  const servicePid = await findService(config.dataDir);
  await using stack = new AsyncDisposableStack();
  const database = await openCommandLineDatabase(config, stack);
  const options = { ...(await openParts(config, database)), servicePid };
  if (isToAdopt) {
    await options.owner.adopt();
    print(
      'The storage now belongs to this database. Nothing is deleted before the grace period has passed.',
    );
  }
  const found = await diagnose(options);
  print(describe(found, servicePid));
  if (!isToFix || found.findings.length === 0) return found.findings.length === 0 ? 0 : 1;
  await repair(options, found);
  const left = await diagnose(options);
  print(left.findings.length === 0 ? 'Everything has been repaired.' : describe(left, servicePid));
  return left.findings.length === 0 ? 0 : 1;
}

async function openParts(config: Config, database: Database) {
  const nodeId = await readNodeId(config.dataDir);
  return {
    nodeId,
    store: createRuntimeStore(database, await openSecrets(config, database.db), config),
    ...browserRoots(config, nodeId),
    ...(await openPreview(config, database.db)),
  };
}

function describe(
  { examined, findings, retention, files }: Diagnosis,
  servicePid: number | undefined,
): string {
  const service =
    servicePid === undefined ? 'no service is running' : `the service is ${servicePid}`;
  const { runtimes, events, storage } = retention;
  return [
    `${examined.processes} processes, ${examined.directories} directories, ${examined.activeRuntimes} active runtimes; ${service}.`,
    describeFiles(files),
    ...findings.map(describeFinding),
    findings.length === 0 ? 'Everything is consistent.' : `Problems found: ${findings.length}.`,
    `Old enough to be deleted: ${runtimes} runtimes, ${events} events, ${storage.orphans} archives without a record.`,
    ...describeStorage(storage),
  ].join('\n');
}

function describeFiles({ examined, isComplete, wrong }: Diagnosis['files']): string {
  const some = isComplete ? '' : ' (there are more files, or the storage does not respond)';
  return `${examined} files, ${wrong} with missing or wrong content${some}.`;
}

function describeStorage(preview: StoragePreview): string[] {
  const { state, examined, isComplete, orphans, orphanBytes, orphanKeys } = preview;
  if (state === 'unreachable') return ['  The storage of archives does not respond.'];
  const first = orphans > orphanKeys.length ? `, the first ${orphanKeys.length}` : '';
  return [
    ...(isComplete ? [] : [`  Only the first ${examined} archives were examined.`]),
    ...(orphans > 0 ? [`  ${orphanBytes} bytes of archives${first}:`] : []),
    ...orphanKeys.map((key) => `    ${key}`),
  ];
}

function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'orphan_processes': {
      const processes = finding.processes.map(({ pid, program }) => `${program} ${pid}`);
      const ports = finding.ports.length > 0 ? ` (listening on ${finding.ports.join(', ')})` : '';
      return `  leftover processes, in ${finding.directory}: ${processes.join(', ')}${ports}`;
    }
    case 'orphan_directory':
      return `  a leftover directory, which no browser uses: ${finding.directory}`;
    case 'foreign_storage':
      return FOREIGN_STORAGE;
    case 'wrong_content': {
      const { id, organizationId, key, sizeBytes, foundBytes } = finding;
      const found = foundBytes === undefined ? 'nothing' : `${foundBytes} bytes`;
      return `  file ${id} of organization ${organizationId} should have ${sizeBytes} bytes, but there is ${found} at ${key}`;
    }
    case 'wrong_storage_bytes':
      return `  organization ${finding.organizationId} is recorded to have ${finding.countedBytes} bytes of files, but has ${finding.storedBytes}`;
    case 'runtime_without_browser':
      return `  runtime ${finding.runtimeId} (${finding.alias}) is ${finding.state}, but has no browser`;
  }
}
