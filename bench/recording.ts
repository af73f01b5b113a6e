/**
 * What recording a runtime costs: bytes and CPU of a minute of a page that stands still, of one that
 * changes ten times a second, and of one that scrolls without end, each beside the same page that is
 * not recorded; what a client notices; how much of the browser's memory a recording takes; and whether
 * the joined videos are as long as it took. Exits with 1 when a goal is missed.
 *
 *     node bench/recording.ts [--seconds=60] [--rounds=40]
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { load, type Page } from './suite/cdp-client.ts';
import { usePage } from './suite/contender.ts';
import { descendants } from './suite/process-tree.ts';
import { openService, POOL_OFF, RUNTIMES, type Runtime } from './suite/service.ts';
import { interleave, median, timed } from './suite/statistics.ts';

const MB = 1e6;
const TICK_MS = 10;
const SETTLE_MS = 3000;
const SAMPLES = 2;
const PAUSE_MS = 200;
const JOINED_WITHIN_MS = 60_000;
const SIZE = { width: 1280, height: 720, deviceScaleFactor: 1, mobile: false };
/** For each kind of page: MB a minute, and how much of a core is added. */
const GOALS = {
  still: { megabytes: 0.5, core: 3 },
  changing: { megabytes: 8, core: 15 },
  scrolling: { megabytes: 10, core: 20 },
};
const CLIENT_GOALS = { goto: 1.25, screenshot: 1.1 };
const MEMORY_MB = 10;
const DURATION_MS = 200;

const page = (content: string) => `data:text/html,${encodeURIComponent(content)}`;
const ROWS = `for (let i = 0; i < 3000; i++) { const p = document.createElement('p'); p.textContent = 'Row ' + i + ': the quick brown fox jumps over the lazy dog'; if (i % 5 === 0) p.style.background = 'hsl(' + i * 7 + ' 60% 80%)'; document.body.append(p); }`;
const PAGES: Record<keyof typeof GOALS, string> = {
  still: page('<h1>Still</h1><p>Nothing changes here.'),
  changing: page(
    `<body style="font:24px sans-serif"><p></p><script>let n = 0; setInterval(() => { n++; document.querySelector('p').textContent = 'Change ' + n + ' ' + 'word '.repeat(n % 40); if (n % 50 === 0) document.body.style.background = n % 100 === 0 ? 'white' : 'lavender'; }, 100)</script>`,
  ),
  scrolling: page(
    `<body style="font:20px serif"><script>${ROWS} let y = 0; const on = () => { scrollTo(0, y = (y + 4) % 60000); requestAnimationFrame(on); }; on();</script>`,
  ),
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '40' },
  },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

await using service = await openService(POOL_OFF);
const rows = [];
for (const kind of ['still', 'changing', 'scrolling'] as const) rows.push(await measure(kind));
const client = await clients();
console.table(rows);
console.table(client);
const isMissed =
  rows.some((row) => row.megabytes > row.goalMb || row.core > row.goalCore) ||
  rows.some((row) => row.memoryMb > MEMORY_MB || row.offMs > DURATION_MS) ||
  client.some(({ ratio, goal }) => ratio > goal);
if (isMissed) process.exitCode = 1;

/** A minute of a page, recorded and not, in turn. */
async function measure(kind: keyof typeof GOALS) {
  const cores: Record<string, number[]> = { alone: [], recorded: [] };
  const facts = { megabytes: 0, memoryMb: 0, offMs: 0 };
  for (let nth = 0; nth < SAMPLES; nth++) {
    for (const how of ['alone', 'recorded'] as const) {
      const runtime = await open(how === 'recorded');
      using shown = await usePage(runtime);
      await shown.send('Emulation.setDeviceMetricsOverride', SIZE);
      await load(shown, PAGES[kind]);
      await sleep(SETTLE_MS);
      cores[how]?.push(await coreOf(how === 'recorded' ? facts : undefined));
      await runtime.end();
      if (how === 'recorded') await readRecording(runtime, facts);
    }
  }
  const [aloneCore, recordedCore] = [median(cores['alone'] ?? []), median(cores['recorded'] ?? [])];
  const { megabytes: goalMb, core: goalCore } = GOALS[kind];
  const core = recordedCore - aloneCore;
  return { kind, ...facts, goalMb, aloneCore, recordedCore, core, goalCore };
}

/** Percent of a core that the service and its browser take. */
async function coreOf(facts: { memoryMb: number } | undefined): Promise<number> {
  const before = cpuMs();
  for (let second = 0; second < seconds; second++) {
    await sleep(1000);
    if (facts) facts.memoryMb = Math.max(facts.memoryMb, memoryMb());
  }
  return ((cpuMs() - before) / (seconds * 1000)) * 100;
}

async function readRecording(
  { alias }: Runtime,
  facts: { megabytes: number; offMs: number },
): Promise<void> {
  const until = performance.now() + JOINED_WITHIN_MS;
  for (;;) {
    const { json } = await service.call('GET', `${RUNTIMES}/${alias}/recording`);
    if (json.status === 'ready') {
      const [tab] = json.tabs;
      const sizes = (seconds * 1000) / json.durationMs;
      facts.megabytes = Math.max(facts.megabytes, (json.sizeBytes / MB) * sizes * (60 / seconds));
      facts.offMs = Math.max(facts.offMs, json.durationMs - (tab.endMs - tab.startMs));
      return;
    }
    if (performance.now() > until) throw new Error('the recording is not joined');
    await sleep(PAUSE_MS);
  }
}

/** What a program does, recorded and not, in turn. */
async function clients() {
  const runtimes = { alone: await open(false), recorded: await open(true) };
  const pages: Record<keyof typeof runtimes, Page> = {
    alone: await usePage(runtimes.alone),
    recorded: await usePage(runtimes.recorded),
  };
  // So that something is recorded all the time.
  for (const one of Object.values(pages)) await load(one, PAGES.changing);
  const works = {
    goto: (one: Page) => load(one, PAGES.changing),
    screenshot: (one: Page) => one.send('Page.captureScreenshot', { format: 'png' }),
  };
  const found = [];
  for (const work of ['goto', 'screenshot'] as const) {
    const times = { alone: [] as number[], recorded: [] as number[] };
    await interleave({ rounds, until: Infinity }, ['alone', 'recorded'] as const, async (how) => {
      await sleep(PAUSE_MS);
      times[how].push(await timed(() => works[work](pages[how])));
    });
    const [aloneMs, recordedMs] = [median(times.alone), median(times.recorded)];
    const ratio = recordedMs / aloneMs;
    found.push({ work, aloneMs, recordedMs, ratio, goal: CLIENT_GOALS[work] });
  }
  for (const one of Object.values(pages)) one[Symbol.dispose]();
  for (const one of Object.values(runtimes)) await one.end();
  return found;
}

async function open(isRecorded: boolean): Promise<Runtime> {
  return service.create({ mode: 'ephemeral' }, isRecorded ? { recording: true } : {});
}

function cpuMs(): number {
  const fields = readFileSync(`/proc/${service.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const own = Number(fields[11]) + Number(fields[12]);
  return descendants(service.pid).reduce((sum, { ticks }) => sum + ticks, own) * TICK_MS;
}

/** What browsers hold in files that have no name. */
function memoryMb(): number {
  const bytes = descendants(service.pid).flatMap(({ pid }) =>
    namesOf(`/proc/${pid}/fd`).map((path) => sizeOfUnnamed(path)),
  );
  return bytes.reduce((sum, one) => sum + one, 0) / MB;
}

function namesOf(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => `${directory}/${name}`);
  } catch {
    return [];
  }
}

function sizeOfUnnamed(path: string): number {
  try {
    return /\.org\.chromium\.Chromium\.\w+ \(deleted\)$/.test(readlinkSync(path))
      ? statSync(path).size
      : 0;
  } catch {
    return 0;
  }
}
