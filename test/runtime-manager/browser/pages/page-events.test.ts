import { expect, test } from 'vitest';
import {
  PAGE_EVENT_SOURCES,
  toPageEvent,
} from '../../../../src/runtime-manager/browser/pages/page-events.ts';

test('a page counts as loaded when its main frame is, and not by another frame', () => {
  const source = 'Page.lifecycleEvent';
  const of = (frameId: string, name: string) => toPageEvent(source, { frameId, name }, 'main');
  expect(of('main', 'load')).toEqual({ type: 'page.loaded', data: {} });
  expect(of('main', 'DOMContentLoaded')).toBeUndefined();
  expect(of('another', 'load')).toBeUndefined();
});

test.each(PAGE_EVENT_SOURCES)('an event that no Chromium sends as %s is ignored', (source) => {
  const args = [{ type: 'string', value: 'x' }];
  for (const told of [
    {},
    { frameId: 1, name: 'load' },
    { type: 'log', args: 'text' },
    { type: {}, args },
    { exceptionDetails: { text: 1 } },
    { exceptionDetails: null },
  ]) {
    expect(toPageEvent(source, told, 'main')).toBeUndefined();
  }
});
