import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const Body = z.object({
  clientKey: z.string(),
  task: z.record(z.string(), z.unknown()).optional(),
  taskId: z.number().optional(),
});

/** How the solver treats the next tasks. */
export type Behaviour =
  | { kind: 'solves'; afterPolls: number; text?: string; cost?: string }
  | { kind: 'refuses'; errorCode: string; at: 'createTask' | 'getTaskResult' }
  /** Answers 500, or another status, to so many requests, then solves. */
  | { kind: 'fails'; requests: number; status?: number }
  | { kind: 'says nothing' }
  | { kind: 'says nonsense' }
  | { kind: 'says too much' };

export interface TestSolver extends AsyncDisposable {
  url: string;
  key: string;
  behaviour: Behaviour;
  /** Tasks as they came, in order. */
  tasks: Record<string, unknown>[];
}

/** A server of the protocol of captcha solvers: its tokens are `token-<number>`. */
export async function openSolver(key: string): Promise<TestSolver> {
  const polls: number[] = [];
  const solver: Omit<TestSolver, 'url' | typeof Symbol.asyncDispose> = {
    key,
    behaviour: { kind: 'solves', afterPolls: 1 },
    tasks: [],
  };
  const answer = (method: string, { clientKey, task, taskId }: z.infer<typeof Body>): unknown => {
    const { behaviour } = solver;
    if (clientKey !== key) return refusal('ERROR_KEY_DOES_NOT_EXIST', clientKey);
    if (behaviour.kind === 'says nonsense') return { sure: true };
    if (behaviour.kind === 'says too much') return { errorId: 0, taskId: 'x'.repeat(10 ** 7) };
    if (behaviour.kind === 'refuses' && behaviour.at === method) {
      return refusal(behaviour.errorCode, clientKey);
    }
    if (method === 'createTask') {
      solver.tasks.push(task ?? {});
      polls.push(0);
      return { errorId: 0, taskId: polls.length };
    }
    const asked = (polls[(taskId ?? 0) - 1] ?? 0) + 1;
    polls[(taskId ?? 0) - 1] = asked;
    const afterPolls = behaviour.kind === 'solves' ? behaviour.afterPolls : 1;
    if (asked < afterPolls) return { errorId: 0, status: 'processing' };
    const text = behaviour.kind === 'solves' ? behaviour.text : undefined;
    const solution = text === undefined ? { token: `token-${taskId}` } : { text };
    const { cost = '0.00299' } = behaviour.kind === 'solves' ? behaviour : {};
    return { errorId: 0, status: 'ready', solution, cost };
  };
  const server = createServer((request, response) => {
    const { behaviour } = solver;
    if (behaviour.kind === 'says nothing') return;
    if (behaviour.kind === 'fails' && behaviour.requests-- > 0) {
      response.statusCode = behaviour.status ?? 500;
      response.end('{"error":"internal"}');
      return;
    }
    void json(request).then((body) => {
      response.end(JSON.stringify(answer((request.url ?? '').slice(1), Body.parse(body))));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(solver, {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

function refusal(errorCode: string, clientKey: string) {
  // The description is as an unkind server would write it.
  return { errorId: 1, errorCode, errorDescription: `refused for ${clientKey}` };
}
