import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCdp } from '../support/cdp.ts';
import { freshEnv } from '../support/fresh-env.ts';
import { caller } from '../support/http.ts';
import { seededRandom } from '../support/random.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const PROFILES = '/v1/browser-profiles';
const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(
  `a profile keeps its old or its new state when the service is killed ${rounds} times (CHAOS_SEED=${seed})`,
  async () => {
    process.stderr.write(`profiles: ${rounds} rounds, CHAOS_SEED=${seed}\n`);
    const random = seededRandom(seed);
    const env = {
      ...(await freshEnv()),
      BCTRL_PROFILE_SAVE_INTERVAL: '0',
      // A profile takes no browser that is ready.
      BCTRL_WARM_MAX: '0',
    };
    let service = await startService(env);
    onTestFinished(async () => void (await service.stop('SIGKILL')));
    const key = service.apiKey ?? '';
    const made = await caller(service.url, key)('POST', PROFILES, { name: 'kept' });
    const launch = { mode: 'profile', profileId: made.json.id };
    let known = 'none';

    for (let round = 0; round < rounds; round++) {
      const written = `round-${round}`;
      const isSaving = random(3) > 0;
      const work = (async () => {
        const call = caller(service.url, key);
        const created = await call('POST', RUNTIMES, { alias: 'a', kind: 'browser', launch });
        expect(created, created.text).toMatchObject({ status: 200 });
        await setCookie(created.json.connection.cdpUrl, written);
        if (isSaving) setTimeout(() => void service.stop('SIGKILL'), random(500));
        return call('POST', `${RUNTIMES}/a/stop`);
      })();
      if (!isSaving) setTimeout(() => void service.stop('SIGKILL'), random(700));
      const stopped = await work.catch(() => undefined);
      await service.stop('SIGKILL');

      service = await startService(env);
      const state = await stateOf(service, key, launch);
      const when = `round ${round}, killed while ${isSaving ? 'saving' : 'launching'}`;
      expect([known, written], when).toContain(state);
      if (stopped?.status === 200) expect(state, when).toBe(written);
      const { json } = await caller(service.url, key)(
        'GET',
        `${PROFILES}/${made.json.id}/versions`,
      );
      const current = json.versions.filter(({ isCurrent }: { isCurrent: boolean }) => isCurrent);
      expect(current.length, when).toBe(state === 'none' ? 0 : 1);
      expect(await readdir(join(env.BCTRL_DATA_DIR, 'checkouts')), when).toEqual([]);
      const unfinished = readdir(join(env.BCTRL_DATA_DIR, 'objects/.unfinished'));
      expect(await unfinished.catch(() => []), when).toEqual([]);
      known = state;
    }
    await service.stop('SIGTERM');
  },
  rounds * 60_000,
);

async function setCookie(cdpUrl: string, value: string): Promise<void> {
  using client = await openCdp(cdpUrl);
  const expires = Date.now() / 1000 + 100_000;
  const cookie = { name: 'round', value, url: 'http://site.test/', expires };
  await client.send('Storage.setCookies', { cookies: [cookie] });
}

/** The state that the next runtime of the profile starts from. */
async function stateOf({ url }: ServiceProcess, key: string, launch: object): Promise<string> {
  const call = caller(url, key);
  const body = { alias: 'reader', kind: 'browser', launch: { ...launch, readOnly: true } };
  const created = await call('POST', RUNTIMES, body);
  expect(created, created.text).toMatchObject({ status: 200 });
  using client = await openCdp(created.json.connection.cdpUrl);
  const { cookies } = await client.send('Storage.getCookies');
  await call('POST', `${RUNTIMES}/reader/stop`);
  const found = Array.isArray(cookies) ? cookies.find(({ name }) => name === 'round') : undefined;
  return found?.value ?? 'none';
}
