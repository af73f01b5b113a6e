import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const isRoot = process.getuid?.() === 0;

/**
 * Whether tests with networks of their own can run. In continuous integration as root they fail rather
 * than be skipped.
 */
export const HAS_NETWORKS = isRoot && (process.env['CI'] !== undefined || canMakeNamespaces());

/** A machine with a network of its own, and one cable. */
export interface NetworkedMachine {
  /** What a command begins with that runs there. */
  via: string[];
  /** From then on nothing passes, and nobody is told. */
  cut: () => Promise<void>;
  restore: () => Promise<void>;
}

/** A network of this machine and another one. */
export interface TestNetwork extends AsyncDisposable {
  /** The address of this machine in it. */
  host: string;
  other: NetworkedMachine;
}

/**
 * The machines meet at a bridge in a namespace between them: so whoever is cut off is in a black
 * hole, and packets do not take another way.
 * https://man7.org/linux/man-pages/man8/ip-netns.8.html
 */
export async function openNetwork(): Promise<TestNetwork> {
  await using stack = new AsyncDisposableStack();
  const suffix = randomBytes(3).toString('hex');
  const [hub, other, here] = [`bctrl-hub-${suffix}`, `bctrl-other-${suffix}`, `bctrl-${suffix}`];
  // A range for tests: https://www.rfc-editor.org/rfc/rfc2544
  const prefix = `198.18.${randomBytes(1).readUInt8()}`;
  await addNamespace(hub, stack);
  await addNamespace(other, stack);
  await ip(`-n ${hub} link add bridge type bridge`);
  await ip(`-n ${hub} link set bridge up`);
  await ip(`link add ${here} type veth peer name near netns ${hub}`);
  stack.defer(() => ip(`link delete ${here}`));
  await ip(`-n ${hub} link add far type veth peer name cable netns ${other}`);
  for (const port of ['near', 'far']) await ip(`-n ${hub} link set ${port} master bridge up`);
  await ip(`address add ${prefix}.1/24 dev ${here}`);
  await ip(`link set ${here} up`);
  await ip(`-n ${other} address add ${prefix}.2/24 dev cable`);
  for (const device of ['cable', 'lo']) await ip(`-n ${other} link set ${device} up`);
  const owned = stack.move();
  return {
    host: `${prefix}.1`,
    other: {
      via: ['nsenter', `--net=/run/netns/${other}`],
      cut: () => ip(`-n ${hub} link set far down`),
      restore: () => ip(`-n ${hub} link set far up`),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function addNamespace(name: string, stack: AsyncDisposableStack): Promise<void> {
  await ip(`netns add ${name}`);
  stack.defer(() => ip(`netns delete ${name}`));
}

async function ip(words: string): Promise<void> {
  await execute('ip', words.split(' '));
}

function canMakeNamespaces(): boolean {
  const name = `bctrl-try-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return false;
  return spawnSync('ip', ['netns', 'delete', name]).status === 0;
}
