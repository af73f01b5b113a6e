import type { Attached, Companion, Run } from '../companion.ts';
import type { Profiles } from './profiles.ts';

/** Saves the state of running browsers to their profiles now and then. */
export class Checkpoints implements Companion {
  readonly name = 'checkpoints';
  readonly #profiles: Profiles;

  constructor(profiles: Profiles) {
    this.#profiles = profiles;
  }

  async attach(run: Run): Promise<Attached | undefined> {
    const { saveIntervalMs } = this.#profiles;
    if (!run.runtime.writesProfile || saveIntervalMs === 0) return undefined;
    let last: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      last = last.then(() => this.#save(run));
    }, saveIntervalMs).unref();
    return {
      // A checkpoint holds the browser still while it copies the state: the browser's end waits for
      // that.
      [Symbol.asyncDispose]: async () => {
        clearInterval(timer);
        await last;
      },
    };
  }

  async #save({ runtime, browser, profile, log }: Run): Promise<void> {
    try {
      const archive = await browser.profile?.checkpoint();
      if (!archive || !profile) return;
      const version = { kind: 'checkpoint', archive, fence: profile.fence } as const;
      const { organizationId, id: runtimeId } = runtime;
      await this.#profiles.record(organizationId, profile.profile.id, { ...version, runtimeId });
    } catch (err) {
      log.warn({ err }, 'a checkpoint of a profile could not be made');
    }
  }
}
