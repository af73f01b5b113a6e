/**
 * What a machine more on the way costs: creates, evaluations and 100 MB of screenshots through an API
 * process and a node, against a process that does both, in turn, on one machine and one database.
 * Exits with 1 when a create takes 2 ms more in the median, an evaluation 0.2 ms more, or the
 * screenshots come at less than 0.8 times the rate.
 *
 *     node bench/cluster.ts [--rounds=60]
 */
import { parseArgs } from 'node:util';
import { openGround } from './cluster/ground.ts';
import type { Page } from './suite/cdp-client.ts';
import { usePage } from './suite/contender.ts';
import { openService, type BenchService } from './suite/service.ts';
import { settle } from './suite/settle.ts';
import { interleave, median, p95, timed } from './suite/statistics.ts';

const EVALUATIONS = 40;
const SCREENSHOTS_BYTES = 100_000_000;
const SCREENSHOT_ROUNDS = 3;
const GOALS = { createMs: 2, evaluateMs: 0.2, rate: 0.8 };
/** Noise, so that a screenshot of it has many bytes. */
const NOISE = `(() => {
  const canvas = document.body.appendChild(document.createElement('canvas'));
  canvas.width = 1200; canvas.height = 800;
  const context = canvas.getContext('2d');
  const image = context.createImageData(1200, 800);
  for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536));
  for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
  context.putImageData(image, 0, 0);
})()`;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });
const rounds = Number(values.rounds);

await using ground = await openGround();
await using all = await openService(ground.shared, 'all');
await using node = await openService(
  { ...ground.shared, ...ground.cluster, BCTRL_ROLE: 'node' },
  'node',
);
await using api = await openService(
  { ...ground.shared, ...ground.cluster, BCTRL_ROLE: 'api' },
  'api',
);

const services = [all, api];
const creates = await inTurn(rounds, async (service) => {
  await settle(all, node);
  let opened: Awaited<ReturnType<BenchService['create']>> | undefined;
  const ms = await timed(async () => {
    opened = await service.create();
  });
  await opened?.end();
  return [ms];
});
const { evaluations, rates } = await measurePages();
const rows = services.map((service) => ({
  through: service === all ? 'all' : 'api and node',
  createMs: median(of(creates, service)),
  createP95Ms: p95(of(creates, service)),
  evaluateMs: median(of(evaluations, service)),
  screenshotsMBs: median(of(rates, service)),
}));
console.table(rows);
const [one, two] = rows;
if (!one || !two) throw new Error('there is nothing to compare');
const added = {
  createMs: two.createMs - one.createMs,
  evaluateMs: two.evaluateMs - one.evaluateMs,
  rate: two.screenshotsMBs / one.screenshotsMBs,
};
console.table({ added, goals: GOALS });
const isMet =
  added.createMs <= GOALS.createMs &&
  added.evaluateMs <= GOALS.evaluateMs &&
  added.rate >= GOALS.rate;
if (!isMet) process.exitCode = 1;

type Samples = Map<BenchService, number[]>;

async function inTurn(
  times: number,
  work: (service: BenchService) => Promise<number[]>,
): Promise<Samples> {
  const samples: Samples = new Map(services.map((service) => [service, []]));
  await interleave({ rounds: times, until: Infinity }, services, async (service) => {
    samples.get(service)?.push(...(await work(service)));
  });
  return samples;
}

async function measurePages(): Promise<{ evaluations: Samples; rates: Samples }> {
  await using held = new AsyncDisposableStack();
  const pages = new Map<BenchService, Page>();
  for (const service of services) {
    const opened = await service.create();
    held.defer(() => opened.end());
    const page = held.use(await usePage(opened));
    await page.send('Runtime.evaluate', { expression: NOISE });
    pages.set(service, page);
  }
  const pageOf = (service: BenchService) => {
    const page = pages.get(service);
    if (!page) throw new Error('there is no page');
    return page;
  };
  const measured = await inTurn(rounds, async (service) => {
    const page = pageOf(service);
    const samples = [];
    for (let nth = 0; nth < EVALUATIONS; nth++) samples.push(await timed(() => page.evaluate()));
    return samples;
  });
  const screenshots = await inTurn(SCREENSHOT_ROUNDS, async (service) => [
    await screenshotRate(pageOf(service)),
  ]);
  return { evaluations: measured, rates: screenshots };
}

/** In MB a second. */
async function screenshotRate(page: Page): Promise<number> {
  let bytes = 0;
  const ms = await timed(async () => {
    while (bytes < SCREENSHOTS_BYTES) {
      const { data } = await page.send('Page.captureScreenshot', { format: 'png' });
      bytes += String(data).length;
    }
  });
  return bytes / 1000 / ms;
}

function of(samples: Samples, service: BenchService): number[] {
  return samples.get(service) ?? [];
}
