import { expect, onTestFinished, test } from 'vitest';
import { Solver } from '../../../src/runtime-manager/captchas/solver.ts';
import { openSolver, type Behaviour } from '../../support/solver.ts';

const KEY = 'a-key-that-nobody-may-see';
const TASK = { type: 'TurnstileTaskProxyless', proxyPassword: 'a-password' };

/** For solvers that answer, on a machine that may be busy. */
const PATIENT_MS = 30_000;

async function open(behaviour: Behaviour) {
  const server = await openSolver(KEY);
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.behaviour = behaviour;
  const requestTimeoutMs = behaviour.kind === 'says nothing' ? 200 : PATIENT_MS;
  const options = { url: `${server.url}/`, key: KEY, pollIntervalMs: 5, requestTimeoutMs };
  return { server, options, solver: new Solver(options) };
}

const never = new AbortController().signal;

test('a task is polled until it is done, and its cost is reported', async () => {
  const { solver, server } = await open({ kind: 'solves', afterPolls: 4 });
  expect(await solver.solve(TASK, never)).toEqual({ text: 'token-1', cost: '0.00299' });
  expect(server.tasks).toEqual([TASK]);
});

test.for<[Behaviour, string]>([
  [refuses('ERROR_KEY_DOES_NOT_EXIST', 'createTask'), 'captcha.solver_refused'],
  [refuses('ERROR_ZERO_BALANCE', 'createTask'), 'captcha.no_balance'],
  [refuses('ERROR_CAPTCHA_UNSOLVABLE', 'getTaskResult'), 'captcha.unsolvable'],
  [refuses('ERROR_PROXY_CONNECT_REFUSED', 'getTaskResult'), 'captcha.solver_failed'],
  [refuses(`${KEY} is wrong`, 'createTask'), 'captcha.solver_failed'],
  [{ kind: 'solves', afterPolls: 1, text: '' }, 'captcha.solver_failed'],
  [{ kind: 'says nonsense' }, 'captcha.solver_failed'],
  [{ kind: 'says too much' }, 'captcha.solver_unavailable'],
  [{ kind: 'fails', requests: 1, status: 429 }, 'captcha.solver_unavailable'],
  [{ kind: 'fails', requests: 1 }, 'captcha.solver_unavailable'],
  [{ kind: 'says nothing' }, 'captcha.solver_unavailable'],
])('%j is %s, without a secret', async ([behaviour, code]) => {
  const { solver } = await open(behaviour);
  const error = await solver.solve(TASK, never).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect(JSON.stringify([error, String(error), Object(error).details])).not.toMatch(
    /a-key-that|a-password/,
  );
});

test('one bad answer does not end a task that is paid for', async () => {
  const { solver, server } = await open({ kind: 'solves', afterPolls: 3 });
  const solved = solver.solve(TASK, never);
  await expect.poll(() => server.tasks.length, { interval: 1 }).toBe(1);
  server.behaviour = { kind: 'fails', requests: 2 };
  expect(await solved).toMatchObject({ text: 'token-1' });
});

test('the cost of a task is reported when it is a price', async () => {
  const { solver } = await open({ kind: 'solves', afterPolls: 1, cost: `${KEY} cents` });
  expect(await solver.solve(TASK, never)).toEqual({ text: 'token-1', cost: undefined });
});

test('the wait for a task ends when its signal aborts', async () => {
  const { solver } = await open({ kind: 'solves', afterPolls: 1_000_000 });
  await expect(solver.solve(TASK, AbortSignal.timeout(50))).rejects.toThrow(/abort/);
});

test('a redirect of the solver is not followed', async () => {
  const { server } = await open({ kind: 'solves', afterPolls: 1 });
  const { createServer } = await import('node:http');
  const redirect = createServer((_, response) => {
    response.writeHead(307, { location: `${server.url}/createTask` }).end();
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => redirect.once('listening', listening));
  onTestFinished(() => void redirect.close());
  const address = redirect.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const solver = new Solver({ url, key: KEY, pollIntervalMs: 5, requestTimeoutMs: PATIENT_MS });
  await expect(solver.solve(TASK, never)).rejects.toMatchObject({
    code: 'captcha.solver_unavailable',
  });
  expect(server.tasks).toEqual([]);
});

function refuses(errorCode: string, at: 'createTask' | 'getTaskResult'): Behaviour {
  return { kind: 'refuses', errorCode, at };
}
