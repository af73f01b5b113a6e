import { createInterface } from 'node:readline';

/**
 * In a helper process: carries out the one task, a line of JSON on the standard input, and answers
 * with another line. The process ends when its input does, whose other end is the service's.
 */
export function onTask(perform: (task: unknown) => Promise<object>): void {
  const input = createInterface({ input: process.stdin });
  input.once('close', () => process.exit());
  input.once('line', (line) => {
    perform(JSON.parse(line)).then(answer, (error: unknown) => answer({ error: String(error) }));
  });
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
