import { load } from '../cdp-client.ts';
import { hold, usePage } from '../contender.ts';
import { openLargePage } from '../large-page.ts';
import { memoryOf, residentMb } from '../process-tree.ts';
import { medianAtMost, p95AtMost, rowOf, times, valueAtMost, type Row } from '../rows.ts';
import { openService, type BenchService } from '../service.ts';
import { busyCores, refill } from '../settle.ts';

const OPEN = 100;
const SPARE_PLACES = 10;
/** Creates beside the hundred, and as many beside none: half before the hundred, half after. */
const SAMPLES = 20;
const IDLE_MS = 5000;

interface Times {
  answered: number[];
  usable: number[];
}

interface Taken {
  /** Memory of all browsers (PSS), in MB. */
  browsersMb: number;
  /** Memory of the service (RSS), in MB. */
  serviceMb: number;
  cores: number;
}

/** What a create takes beside a hundred runtimes, each with a page as sites have them, and what these take. */
export async function measureHundred(): Promise<Row[]> {
  await using service = await openService({ BCTRL_MAX_RUNTIMES: String(OPEN + SPARE_PLACES) });
  const none: Times = { answered: [], usable: [] };
  const beside: Times = { answered: [], usable: [] };
  await takeSamples(service, { answered: [], usable: [] }, 1);
  await takeSamples(service, none, SAMPLES / 2);
  const before = await takenBy(service);
  const during = await besideHundred(service, async () => {
    const taken = await takenBy(service);
    await takeSamples(service, beside, SAMPLES);
    return taken;
  });
  await takeSamples(service, none, SAMPLES / 2);
  return [...rowsOfTimes(none, beside), ...rowsOfTaken(before, during)];
}

async function besideHundred<T>(service: BenchService, work: () => Promise<T>): Promise<T> {
  using site = await openLargePage();
  await using held = new AsyncDisposableStack();
  for (let n = 0; n < OPEN; n++) await load(await hold(held, await service.create()), site.url);
  return await work();
}

async function takeSamples(service: BenchService, taken: Times, samples: number): Promise<void> {
  for (let n = 0; n < samples; n++) {
    await refill(service);
    const began = performance.now();
    const runtime = await service.create();
    const answered = performance.now() - began;
    try {
      using _ = await usePage(runtime);
      taken.usable.push(performance.now() - began);
      taken.answered.push(answered);
    } finally {
      await runtime.end();
    }
  }
}

async function takenBy(service: BenchService): Promise<Taken> {
  await refill(service);
  const { proportional } = await memoryOf(`BCTRL_BROWSER_DIRECTORY=${service.browserDirectory}/`);
  const cores = await busyCores(IDLE_MS);
  return { browsersMb: proportional, serviceMb: residentMb(service.pid), cores };
}

function rowsOfTimes(none: Times, beside: Times): Row[] {
  return [
    rowOf('create beside none', 'ms', none.answered),
    rowOf(
      `create beside ${OPEN} runtimes`,
      'ms',
      beside.answered,
      medianAtMost(10),
      p95AtMost(25),
      times(asNone(none.answered)),
    ),
    rowOf('create beside none → evaluated', 'ms', none.usable),
    rowOf(
      `create beside ${OPEN} runtimes → evaluated`,
      'ms',
      beside.usable,
      medianAtMost(25),
      times(asNone(none.usable)),
    ),
  ];
}

function rowsOfTaken(before: Taken, during: Taken): Row[] {
  const perRuntime = (during.serviceMb - before.serviceMb) / OPEN;
  return [
    rowOf(`runtime with a page, ${OPEN} open (PSS)`, 'MB', [
      (during.browsersMb - before.browsersMb) / OPEN,
    ]),
    rowOf(
      `service with ${OPEN} open (RSS)`,
      'MB',
      [during.serviceMb],
      valueAtMost(perRuntime, 3, 'each', 'MB'),
    ),
    rowOf(`cores that ${OPEN} idle runtimes keep busy`, '', [during.cores - before.cores]),
  ];
}

function asNone(samples: number[]) {
  return { name: 'none', samples };
}
