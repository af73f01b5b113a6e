import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { ProfileSession } from '../profiles/profile-session.ts';
import { failureOf } from '../runtime/failures.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { RuntimeEnd, RuntimeRecord } from './runtime-record.ts';

/**
 * Ends the browser of a runtime, and resolves with how the runtime ended. An ephemeral browser does
 * nothing any more once it is killed, so nobody waits until it and its directory are gone. What a
 * profile's browser leaves is saved, as `recovered` when the browser did not exit in order. When this
 * node is taken for lost, the state stays where it is, since others may have written meanwhile.
 */
export async function endBrowser(
  browser: MachineBrowser,
  { record, profile }: { record: RuntimeRecord; profile: ProfileSession | undefined },
  end: RuntimeEnd,
): Promise<RuntimeEnd> {
  if (!profile) {
    void browser.kill();
    return end;
  }
  if (isNodeLost(end)) {
    await browser.kill();
    await profile.leave(browser);
    return end;
  }
  await record.tryMove({ to: 'stopping' });
  const { code } = await inSpan('browser.close', {}, async () => {
    await browser.close();
    return browser.exited;
  });
  try {
    await profile.end(browser, code === 0 ? 'saved' : 'recovered');
    return end;
  } catch (error) {
    return { to: 'failed', failure: failureOf(error) };
  }
}

function isNodeLost(end: RuntimeEnd): boolean {
  return end.to === 'failed' && end.failure.code === 'runtime.node_lost';
}
