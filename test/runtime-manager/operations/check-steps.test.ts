import { expect, test } from 'vitest';
import { explainRefusals } from '../../../src/api/http/request-issues.ts';
import { checkSteps } from '../../../src/runtime-manager/operations/steps/check-steps.ts';

// As the service does before it judges anything.
explainRefusals();

/** The issues of steps, each as `path: message`. */
function issuesOf(...steps: unknown[]): string[] {
  return checkSteps(steps).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const row = { call: 'page.getByRole', args: ['row', { name: 'Total' }], as: 'row' };

test('steps that use all targets, aliases and forms of arguments are accepted', () => {
  expect(
    issuesOf(
      { call: 'page.goto', args: ['https://example.com', { waitUntil: 'commit' }] },
      row,
      { call: 'row.locator', args: ['td'], as: 'cells' },
      { call: 'cells.filter', args: [{ has: { handle: 'row' } }], as: 'cell' },
      { call: 'cell.click', args: [{ button: 'right' }], options: { timeoutMs: 300_000 } },
      { call: 'page.getByText', args: [{ regex: '^a+$', flags: 'i' }], as: '_1' },
      { call: 'page.waitForEvent', args: ['popup'], as: 'opened' },
      { call: 'opened.value', as: 'popup' },
      { call: 'popup.keyboard.type', args: ['x'] },
      { call: 'page.keyboard.press', args: ['Enter'] },
      { call: 'keyboard.type', args: ['x', { delay: 1 }] },
      { call: 'mouse.click', args: [1, 2] },
      { call: 'touchscreen.tap', args: [1, 2] },
      { call: 'context.pages', as: 'tabs' },
      { call: 'tabs.at', args: [-1], as: 'tab' },
      { call: 'page.evaluateHandle', args: ['document.body'], as: 'body' },
      { call: 'page.evaluate', args: ['(x) => x', { deep: [{ handle: 'body' }] }] },
      { call: 'page.setInputFiles', args: ['input', ['in/a.txt', 'b.txt']] },
      { call: 'page.screenshot', args: [{ path: 'shots/a.png', mask: [{ handle: 'row' }] }] },
      {
        call: 'execute',
        args: [{ source: 'return args', args: null }],
        options: { scriptId: 's' },
      },
      { call: 'page.waitForTimeout', args: [60_000], options: { timeoutMs: 60_000 } },
      { call: 'page.evaluate', args: ['{'], options: { dryRun: true, logs: 'capture' } },
    ),
  ).toEqual([]);
});

test('a call that is not on the list is refused with the nearest one', () => {
  expect(
    issuesOf(
      { call: 'page.clik', args: ['a'] },
      { call: 'click', args: ['a'] },
      { call: 'pages.goto', args: ['a'] },
      row,
      { call: 'row.goto', args: ['a'] },
      { call: 'row.keyboard.type', args: ['a'] },
      { call: 'page.constructor' },
      { call: '__proto__.click' },
      { call: 'page.route', args: ['**'] },
      { call: 'page.title.length' },
    ),
  ).toEqual([
    '0.call: There is no call "page.clik"; did you mean "page.click"?',
    '1.call: Must be a target and a call, such as "page.click", or "execute"; did you mean "page.click"?',
    '2.call: "pages" is neither a target nor the alias of an earlier step; did you mean "page"?',
    '4.call: "row" is a locator, which has no call "goto"',
    '5.call: "row.keyboard" is nothing that has calls; bind what a step yields with "as"',
    '6.call: There is no call "page.constructor"',
    '7.call: "__proto__" is neither a target nor the alias of an earlier step',
    '8.call: There is no call "page.route"',
    '9.call: "page.title" is nothing that has calls; bind what a step yields with "as"',
  ]);
});

test('arguments are refused by number, kind and option before anything runs', () => {
  expect(
    issuesOf(
      { call: 'page.goto' },
      { call: 'page.title', args: [1] },
      { call: 'page.fill', args: ['#a', 1] },
      { call: 'page.click', args: ['#a', { buton: 'left' }] },
      { call: 'page.click', args: ['#a', { timeout: 1 }] },
      { call: 'page.getByText', args: [{ regex: '(' }], as: 'a' },
      { call: 'page.getByText', args: [7], as: 'b' },
      { call: 'page.setInputFiles', args: ['#f', '../etc/passwd'] },
      { call: 'page.setInputFiles', args: ['#f', { name: 'a', mimeType: 'b/c', base64: '%' }] },
      { call: 'page.screenshot', args: [{ path: '/etc/passwd' }] },
      { call: 'context.storageState', args: [{ path: 'state.json' }] },
      { call: 'context.addInitScript', args: [{ path: 'a.js' }] },
      { call: 'page.waitForTimeout', args: [40_000] },
    ),
  ).toEqual([
    '0.args: The call takes at least 1 argument',
    '1.args.0: The call takes no arguments',
    '2.args.1: Invalid input: expected string, received number',
    '3.args.1.buton: There is no such field; did you mean "button"?',
    '4.args.1.timeout: A call has no timeout of its own: set "timeoutMs" in the "options" of its step',
    '5.args.0: Invalid regular expression: /(/: Unterminated group',
    '6.args.0: Must be a string, or { "regex": "…", "flags": "i" }',
    '7.args.1: No name in a path is "." or "..".',
    '8.args.1: Must be the path of a file of the runtime, a list of paths, or contents as { "name", "mimeType", "base64" }',
    '9.args.0.path: A path has single slashes between names, and none at an end.',
    '10.args.0.path: There is no such field',
    '11.args.0.content: Invalid input: expected string, received undefined',
    '11.args.0.path: There is no such field',
    '12.args.0: Is more than the 30000 ms of the step: raise its "timeoutMs"',
  ]);
});

test('an alias is of one kind, has a name of its own, and is there before it is used', () => {
  expect(
    issuesOf(
      { call: 'page.getByText', args: ['a'] },
      { call: 'page.title', as: 'title' },
      { ...row, as: 'page' },
      row,
      row,
      { call: 'page.evaluate', args: ['x', [{ handle: 'row' }]] },
      { call: 'row.filter', args: [{ has: { handle: 'other' } }], as: 'filtered' },
      { call: 'page.waitForEvent', args: ['dialog'], as: 'asked' },
      { call: 'asked.accept' },
      { call: 'asked.value', as: 'dialog' },
      { call: 'dialog.setFiles', args: ['a'] },
      { call: 'page.waitForEvent', args: ['load'], as: 'loaded' },
      { call: 'loaded.value', as: 'nothing' },
      { call: 'page.goto2', as: 'unknown' },
      { call: 'unknown.whatever' },
      { call: 'page.opener', as: 'dry', options: { dryRun: true } },
      { call: 'dry.title', options: { dryRun: true } },
      { call: 'dry.title' },
    ),
  ).toEqual([
    '0: "page.getByText" only finds what later steps use: name it with "as"',
    '1.as: "page.title" yields nothing that a later step can call',
    '2.as: "page" is the name of a target',
    '4.as: An earlier step has the alias "row"',
    '5.args.1.0.handle: "row" is a locator; it must be a jsHandle',
    '6.args.0.has.handle: No earlier step has the alias "other"',
    '8.call: "asked" is a subscription, which has no call "accept"',
    '10.call: "dialog" is a dialog, which has no call "setFiles"',
    '12.as: "loaded.value" yields nothing that a later step can call',
    '13.call: There is no call "page.goto2"; did you mean "page.goto"?',
    '17.call: "dry" is the alias of a dry run, which binds nothing',
  ]);
});

test('a step has fields and limits', () => {
  expect(
    issuesOf(
      { cal: 'page.title' },
      { call: 'page.title', options: { timoutMs: 1 } },
      { call: 'page.title', options: { timeoutMs: 0 } },
      { call: 'page.title', options: { timeoutMs: 300_001 } },
      { ...row, as: '1st' },
    ),
  ).toEqual([
    '0.call: Invalid input: expected string, received undefined',
    '0.cal: There is no such field; did you mean "call"?',
    '1.options.timoutMs: There is no such field; did you mean "timeoutMs"?',
    '2.options.timeoutMs: Must be at least 1',
    '3.options.timeoutMs: Must be at most 300000',
    '4.as: Must be a letter or "_", and then at most 63 letters, digits and "_"',
  ]);
  expect(issuesOf()).toEqual([': Must not be empty']);
  expect(issuesOf(...Array.from({ length: 10_000 }, () => ({ call: 'page.title' })))).toEqual([
    ': Must have at most 1000 entries',
  ]);
});

test('values that are nested without end are refused rather than read', () => {
  let deep: unknown = 0;
  for (let depth = 0; depth < 50_000; depth++) deep = [deep];
  expect(issuesOf({ call: 'page.evaluate', args: ['x', deep] })).toEqual([
    '0.args.1: Is nested more than 100 levels deep',
  ]);
  expect(issuesOf(...Array.from({ length: 1000 }, () => ({ call: 'nothing' })))).toHaveLength(100);
});
