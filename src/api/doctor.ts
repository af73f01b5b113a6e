import { parseArgs } from 'node:util';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import { examine, repair, type DoctorReport, type Finding } from '../runtime-manager/index.ts';
import { openCommandLineDatabase } from './command-line-database.ts';
import { browserRoot, loadConfig } from './config.ts';
import { findService, readNodeId } from './data-directory.ts';
import { openSecrets } from './secrets.ts';

/**
 * `npm run doctor [-- --fix]`: lists what does not belong together on this machine, beside a running
 * service or without one; with `--fix` ends and corrects it. Exits with 1 when something is left.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });
  const config = loadConfig();
  const servicePid = await findService(config.dataDir);
  await using stack = new AsyncDisposableStack();
  const database = await openCommandLineDatabase(config, stack);
  const nodeId = await readNodeId(config.dataDir);
  const store = createRuntimeStore(database, await openSecrets(config, database.db), config);
  const options = { store, nodeId, root: browserRoot(config, nodeId), servicePid };
  const found = await examine(options);
  print(describe(found, servicePid));
  if (!values.fix || found.findings.length === 0) return found.findings.length === 0 ? 0 : 1;
  await repair(options, found);
  const left = await examine(options);
  print(left.findings.length === 0 ? 'All of it is repaired.' : describe(left, servicePid));
  return left.findings.length === 0 ? 0 : 1;
}

function describe({ examined, findings }: DoctorReport, servicePid: number | undefined): string {
  const service = servicePid === undefined ? 'no service runs' : `the service is ${servicePid}`;
  return [
    `${examined.processes} processes, ${examined.directories} directories, ${examined.activeRuntimes} active runtimes; ${service}.`,
    ...findings.map(describeFinding),
    findings.length === 0 ? 'All of it belongs together.' : `${findings.length} found.`,
  ].join('\n');
}

function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'orphan_processes': {
      const processes = finding.processes.map(({ pid, program }) => `${program} ${pid}`);
      const ports = finding.ports.length > 0 ? ` (listening on ${finding.ports.join(', ')})` : '';
      return `  processes that nobody holds, in ${finding.directory}: ${processes.join(', ')}${ports}`;
    }
    case 'orphan_directory':
      return `  a directory that no browser uses: ${finding.directory}`;
    case 'runtime_without_browser':
      return `  runtime ${finding.runtimeId} (${finding.alias}) is ${finding.state}, without a browser`;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`doctor: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
