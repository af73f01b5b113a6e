import { parseArgs } from 'node:util';
import { loadConfig } from '../config/config.ts';
import { runDoctor } from './run-doctor.ts';

const USAGE = `usage: npm run doctor [-- --fix] [-- --adopt-storage]

  Lists leftover processes and directories, and inconsistent records. With --fix, it ends, deletes
  and corrects them. Files whose content is missing or has the wrong size are listed, but never
  changed. Also shows what is old enough to be deleted: records, and archives without a record.
  --adopt-storage declares that the storage of archives belongs to this database, and to no other.
  Exits with 0 if everything is consistent, 1 if problems remain, and 2 if the check failed.`;

/** As the command line says; resolves with the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fix: { type: 'boolean', default: false },
      'adopt-storage': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const options = { isToFix: values.fix, isToAdopt: values['adopt-storage'], print };
  return runDoctor(loadConfig(), options);
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
