import type { WakeUpRelay } from '../events/wake-ups.ts';
import type { Bus } from './bus.ts';
import { SUBJECTS } from './subjects.ts';

/** Wakes those in other processes who wait for something new of a runtime. */
export function createWakeUpRelay(bus: Bus): WakeUpRelay {
  return {
    tell: ({ organizationId, id }) => bus.publish(SUBJECTS.changed(organizationId, id), {}),
    listen: (id, heard) => {
      using stack = new DisposableStack();
      stack.use(bus.subscribe(SUBJECTS.changed('*', id), heard));
      stack.use(bus.subscribe(SUBJECTS.changed(id, '*'), heard));
      return stack.move();
    },
  };
}
