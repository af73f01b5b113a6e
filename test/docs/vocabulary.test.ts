import { expect, test } from 'vitest';
import { EVENT_TYPES, SCOPES, STOP_REASONS } from '../../src/runtime-manager/runtime/index.ts';
import { readProjectFile } from '../support/deploy-files.ts';

/** The words in the first column of the tables of a section; `.failed` continues the word before it. */
async function wordsOf(path: string, heading: string): Promise<string[]> {
  const page = await readProjectFile(path);
  const [section = ''] = page.split(`\n## ${heading}\n`)[1]?.split('\n## ') ?? [];
  const words: string[] = [];
  for (const [row] of section.matchAll(/^\| `[^|]*/gm)) {
    for (const [, word = ''] of row.matchAll(/`([^`]+)`/g)) {
      words.push(word.startsWith('.') ? (words.at(-1)?.replace(/\.\w+$/, word) ?? word) : word);
    }
  }
  return words.toSorted();
}

test('the docs list every scope of a key', async () => {
  expect(await wordsOf('docs/keys.md', 'Scopes')).toEqual(SCOPES.toSorted());
});

test('the docs list every kind of event', async () => {
  expect(await wordsOf('docs/events.md', 'Kinds')).toEqual(EVENT_TYPES.toSorted());
});

test('the docs list every reason for which a runtime is stopped', async () => {
  const words = await wordsOf('docs/runtimes.md', 'Why a runtime ended');
  expect(words).toEqual(STOP_REASONS.toSorted());
});
