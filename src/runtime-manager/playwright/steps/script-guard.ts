import { setTimeout as delay } from 'node:timers/promises';
import type { CDPSession, Frame, Page } from 'playwright-core';

/** A page that has not answered so long runs a script that may have no end. */
const BUSY_MS = 300;
const MOST_MS = 3000;
const ANYTHING = { expression: '0' };

interface GuardOptions {
  /** Whether the script may run in a frame of the page, which may have its own process. */
  isOfFrames: boolean;
  /** Whether a dialog is open: its script goes on with the answer. */
  isBlocked: () => boolean;
}

/**
 * Can end a script that keeps a page from doing anything else. It has to be there before the script:
 * a busy page hears only sessions that it has already.
 */
export class ScriptGuard implements Disposable {
  readonly #sessions: readonly CDPSession[];
  readonly #isBlocked: () => boolean;

  private constructor(sessions: readonly CDPSession[], isBlocked: () => boolean) {
    this.#sessions = sessions;
    this.#isBlocked = isBlocked;
  }

  static async open(page: Page, { isOfFrames, isBlocked }: GuardOptions): Promise<ScriptGuard> {
    const frames = isOfFrames ? page.frames().slice(1) : [];
    const opened = [page, ...frames].map((one) => openSession(page, one));
    return new ScriptGuard(
      (await Promise.all(opened)).flatMap((session) => session ?? []),
      isBlocked,
    );
  }

  /**
   * Resolves when the page answers, or after some seconds. A script that waits for something goes
   * on: nobody but itself can end it.
   */
  async stop(): Promise<void> {
    if (this.#isBlocked()) return;
    const stopped = Promise.allSettled(this.#sessions.map(stopOver));
    await Promise.race([stopped, delay(MOST_MS)]);
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.detach().catch(() => undefined);
  }
}

/** Undefined: a frame in the process of its parent, which has no session of its own. */
async function openSession(page: Page, of: Page | Frame): Promise<CDPSession | undefined> {
  const session = await page
    .context()
    .newCDPSession(of)
    .catch(() => undefined);
  await session?.send('Runtime.evaluate', ANYTHING);
  return session;
}

async function stopOver(session: CDPSession): Promise<void> {
  const answered = session.send('Runtime.evaluate', ANYTHING);
  const isBusy = await Promise.race([answered.then(() => false), delay(BUSY_MS, true)]);
  if (!isBusy) return;
  await session.send('Runtime.terminateExecution');
  await answered;
}
