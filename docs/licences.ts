import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/**
 * Lists the licences of what is installed beside the service in production, as a table. Exits with 1
 * when one is not among `ALLOWED`: whoever passes the image on has to keep to it.
 *
 *     npm run licences
 */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  // Changes to its own files have to be published; nothing else follows from it.
  'MPL-2.0',
  'Unlicense',
]);

/** https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      /** What a client of the service may install; the image has none of it. */
      devOptional: z.boolean().optional(),
      /** A package of this project. */
      link: z.boolean().optional(),
    }),
  ),
});
const FOLDER = 'node_modules/';

const { packages } = Lock.parse(JSON.parse(await readFile('package-lock.json', 'utf8')));
const installed = Object.entries(packages)
  .filter(
    ([path, { dev, devOptional, link }]) => path.includes(FOLDER) && !dev && !devOptional && !link,
  )
  .map(([path, { version, license = 'none named' }]) => ({
    name: path.slice(path.lastIndexOf(FOLDER) + FOLDER.length),
    version,
    license,
  }));
for (const { name, version, license } of installed) {
  process.stdout.write(`${license}\t${name}@${version}\n`);
}
const refused = installed.filter(({ license }) => !ALLOWED.has(license));
for (const { name, license } of refused) {
  process.stderr.write(`${name} has a licence that is not allowed here: ${license}\n`);
}
if (refused.length > 0) process.exitCode = 1;
