import { readFile } from 'node:fs/promises';

/**
 * Prints what CHANGELOG.md says of a version. Exits with 1 when it says nothing.
 *
 *     node docs/release-notes.ts 0.2.0
 */
const [version = ''] = process.argv.slice(2);
const sections = (await readFile('CHANGELOG.md', 'utf8')).split(/^## /m).slice(1);
const section = sections.find((one) => one.startsWith(`[${version}]`));
const notes = section?.slice(section.indexOf('\n')).trim() ?? '';
if (notes === '') {
  process.stderr.write(`CHANGELOG.md has no entry for version ${version}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${notes}\n`);
}
