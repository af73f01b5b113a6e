import { openFakeService } from './service.ts';
import type { Settings } from './settings.ts';
import { testOf } from './test.ts';

/** As those of `test.ts`, for what the API does with any node: its runtimes have no browsers. */
export const test = testWith({});

/** The same with a service of its own kind. */
export function testWith(settings: Settings) {
  return testOf(() => openFakeService(settings));
}
