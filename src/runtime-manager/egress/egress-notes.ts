import type { Companion, Run } from '../companion.ts';

/** Notes the connections that browsers asked for and did not get. */
export class EgressNotes implements Companion {
  readonly name = 'egress';

  async attach({ browser, note }: Run): Promise<undefined> {
    browser.forwarder.onFailure = note;
  }
}
