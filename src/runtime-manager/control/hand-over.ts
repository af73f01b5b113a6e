import type { Attached, Companion, Run } from '../companion.ts';
import type { NewEvent } from '../runtime/events.ts';
import type { Control, ControlChange } from './control.ts';
import { requestControl, setControl, type ControlReport } from './control-verbs.ts';

/** Tells who drives a browser, by events and on demand, and changes that on demand. */
export class HandOver implements Companion {
  readonly name = 'control';

  async attach({ browser, note }: Run): Promise<Attached> {
    const { control } = browser.endpoints;
    control.begin();
    const following = control.follow((change) => note(eventOf(change)));
    return {
      call: async (verb, message) => {
        carryOut(control, verb, message);
        return control.state satisfies ControlReport;
      },
      [Symbol.asyncDispose]: async () => following[Symbol.dispose](),
    };
  }
}

function carryOut(control: Control, verb: string, message: unknown): void {
  if (verb === 'request') control.request(requestControl.message.parse(message).reason);
  if (verb !== 'set') return;
  const wanted = setControl.message.parse(message);
  if (wanted.holder === 'human') control.take(wanted);
  else control.giveBack('returned');
}

function eventOf(change: ControlChange): NewEvent {
  switch (change.type) {
    case 'taken': {
      const { viewer, reason, idleMs } = change.hold;
      const by = viewer === undefined ? 'api' : 'viewer';
      const data = { by, idleSeconds: idleMs / 1000, ...(reason !== undefined && { reason }) };
      return { type: 'runtime.control_taken', data };
    }
    case 'returned':
      return { type: 'runtime.control_returned', data: { cause: change.cause } };
    case 'requested':
      return { type: 'runtime.control_requested', data: { reason: change.request.reason } };
  }
}
