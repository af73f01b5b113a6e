const FIRST = ['amber', 'calm', 'clear', 'early', 'green', 'lucky', 'quiet', 'silver', 'swift'];
const SECOND = ['badger', 'finch', 'heron', 'lynx', 'marten', 'otter', 'raven', 'stork', 'swan'];
const NUMBERS = 1000;

/** An alias that can be said, and that hardly anybody has taken. */
export function newAlias(): string {
  const number = Math.floor(Math.random() * NUMBERS);
  return `${oneOf(FIRST)}-${oneOf(SECOND)}-${number}`;
}

function oneOf(words: string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? '';
}
