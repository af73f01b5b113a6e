import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { openCdp } from '../../support/cdp.ts';
import { DRIVERS } from '../../support/drivers.ts';
import { eventually } from '../../support/eventually.ts';
import { playwrightPage, puppeteerPage } from '../../support/first-page.ts';
import { attachBidi } from '../../support/selenium.ts';
import type { TestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { test, type TestWorkspace } from '../../support/test.ts';

/** Notes in its title what is clicked and typed. */
const PAGE = `<!doctype html><title>-</title><input id="in" style="position:fixed;top:100px;left:0">
<button id="a" style="position:fixed;top:0;left:0;width:80px;height:40px">a</button>
<button id="b" style="position:fixed;top:50px;left:0;width:80px;height:40px">b</button>
<script>
addEventListener('click', ({ target }) => { document.title += target.id; });
addEventListener('mousedown', () => { document.title += '('; });
addEventListener('mouseup', () => { document.title += ')'; });
addEventListener('keydown', ({ key }) => { document.title += key; });
</script>`;
const SENTENCE = /bctrl: a person drives this runtime now, and has not given it back within 1 s/;

/** The control of a runtime, as an API client has it. */
async function controlled({ call }: TestService, workspace: TestWorkspace, extra = {}) {
  const { id, connection } = await workspace.create(extra);
  const path = `${workspace.runtimes}/${id}/control`;
  const done = async (answer: ReturnType<typeof call>) => {
    const { status, json, text } = await answer;
    expect(status, text).toBe(200);
    return json;
  };
  return {
    id,
    connection,
    path,
    get: () => done(call('GET', path)),
    take: (more = {}) => done(call('POST', path, { holder: 'human', ...more })),
    giveBack: () => done(call('POST', path, { holder: 'agent' })),
    request: (reason: string) => done(call('POST', `${path}/request`, { reason })),
    /** The next event of control after one, or null. */
    next: async (after: string, timeoutMs = 20_000) => {
      const eventTypes = [
        'runtime.control_requested',
        'runtime.control_taken',
        'runtime.control_returned',
      ];
      const wait = `${workspace.runtimes}/${id}/events/wait`;
      return (await done(call('POST', wait, { after, eventTypes, timeoutMs }))).event;
    },
  };
}

test.for(Object.keys(DRIVERS))(
  'a click by %s waits for a person, is done afterwards, or fails and says why',
  async (name, { service, workspace }) => {
    const { connection, take, giveBack } = await controlled(service, workspace);
    const drive = DRIVERS[name];
    await using driven = await drive!(connection, await openSite(PAGE));
    await driven.click('#a');
    expect(await driven.title()).toBe('-()a');
    await take();
    let isDone = false;
    const clicks = (async () => {
      await driven.click('#a');
      await driven.click('#b');
      isDone = true;
    })();
    // Only input waits; a session of WebDriver does one thing at a time in any case.
    if (name !== 'selenium') expect(await driven.title()).toBe('-()a');
    await setTimeout(300);
    expect(isDone).toBe(false);
    await giveBack();
    await clicks;
    expect(await driven.title()).toBe('-()a()a()b');
    await take({ clientsWaitSeconds: 1 });
    await expect(driven.click('#a')).rejects.toThrow(SENTENCE);
    await giveBack();
    await driven.click('#b');
    expect(await driven.title()).toBe('-()a()a()b()b');
  },
);
