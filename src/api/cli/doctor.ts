import { parseArgs } from 'node:util';
import { loadConfig } from '../config/config.ts';
import { runDoctor } from './run-doctor.ts';

const USAGE = `usage: npm run doctor [-- --fix] [-- --adopt-storage]

  Lists processes, directories and records that do not belong together; --fix ends and corrects them.
  Files whose content is missing or has another size are listed, and stay.
  Shows what is old enough to be removed: records, and archives that no record names.
  --adopt-storage says that the storage of archives belongs to this database, and to no other.
  Exits with 0 when all belongs together, 1 when something is left, 2 when it cannot tell.`;

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
