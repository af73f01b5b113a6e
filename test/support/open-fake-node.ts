import { inject } from 'vitest';
import type { OpenNode } from '../../src/api/local-node.ts';
import { readLanguages } from '../../src/runtime-manager/browser/locales.ts';
import { RuntimeError } from '../../src/runtime-manager/runtime/index.ts';
import { FakeNode } from './fake-node.ts';

/** For a service that is to launch nothing: whatever needs a browser is refused. */
export const openFakeNode: OpenNode = async (parts) => ({
  node: new FakeNode({ ...parts, languages: await readLanguages(inject('chromiumPath')) }),
  states: { toZip: refuse, fromZip: refuse, toStorageState: refuse, fromStorageState: refuse },
  tryOut: refuse,
  converter: { soon: () => undefined },
  jail: { level: 'none', missing: [] },
});

async function refuse(): Promise<never> {
  throw new RuntimeError('runtime.launch_failed', 'There are no browsers here.');
}
