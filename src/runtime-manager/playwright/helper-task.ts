import { createInterface } from 'node:readline';

/**
 * In a helper process: carries out the one task that it is given as a line of JSON on its standard
 * input, and answers with one. The process ends with its input, which is the service's end of it.
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
