import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { ensureChromium } from '../../src/runtime-manager/index.ts';
import type { Contender } from './contender.ts';
import { undoAtEnd } from './endings.ts';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];
const SHARED_MEMORY = '/dev/shm';
const LISTENS = /DevTools listening on (ws:\S+)/;
const LAUNCH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5000;

/** What a launch needs to work here, and not to call other servers while it is timed. */
const QUIET = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--metrics-recording-only',
  '--password-store=basic',
  '--use-mock-keychain',
  // Chromium refuses its sandbox to root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** Saves time and memory, and takes nothing from pages: WebGL, extensions and crash dumps stay. */
const TUNED = [
  '--no-startup-window',
  '--disable-features=WebUIReloadButton,WebUIOmniboxPopup,WebUIOmniboxAimPopup',
];

/** A bare browser's files and temporary ones are below a directory of its own. */
export interface BareContender extends Contender {
  open: () => Promise<Awaited<ReturnType<Contender['open']>> & { directory: string }>;
}

/** Chromium as its users launch it: the command, default flags, files on disk. */
export async function bareChromium(): Promise<BareContender> {
  const command = (await findExecutable(COMMANDS, searchPath())) ?? (await binary());
  return {
    name: 'bare',
    open: () => launch(command, [...QUIET, 'about:blank'], tmpdir()),
  };
}

/** Chromium as fast as it gets without taking features away: the binary itself, files in memory. */
export async function tunedChromium(): Promise<BareContender> {
  const command = await binary();
  return { name: 'bare-keep', open: () => launch(command, [...QUIET, ...TUNED], SHARED_MEMORY) };
}

function binary(): Promise<string> {
  return ensureChromium(undefined, searchPath(), pino());
}

function searchPath(): string {
  return process.env['PATH'] ?? '';
}

async function launch(command: string, flags: string[], where: string) {
  const directory = await mkdtemp(join(where, 'bb-'));
  const child = spawn(command, [`--user-data-dir=${directory}/data`, ...flags], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: directory },
  });
  const gone = once(child, 'close');
  gone.catch(() => undefined);
  const remove = async () => {
    killGroup(child);
    await gone;
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const undo = undoAtEnd(remove);
  try {
    const cdpUrl = await addressOf(child);
    const end = async () => {
      await close(child);
      await undo();
    };
    return { cdpUrl, pageId: undefined, directory, end };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Throws when it ends or takes too long before it says its address. */
async function addressOf({ stderr, pid }: ChildProcess): Promise<string> {
  let said = '';
  const timer = setTimeout(() => stderr?.destroy(), LAUNCH_TIMEOUT_MS);
  try {
    for await (const chunk of stderr?.iterator({ destroyOnReturn: false }) ?? []) {
      said += String(chunk);
      const url = LISTENS.exec(said)?.[1];
      if (url !== undefined) return url;
    }
    throw new Error(`Chromium (process ${pid}) did not start: ${said}`);
  } finally {
    clearTimeout(timer);
    stderr?.resume();
  }
}

/** In order, as a library's `browser.close()` does: SIGTERM has the effect of `Browser.close`. */
async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit', { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(
    () => undefined,
  );
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
