import { cycle, type Contender } from './contender.ts';

/** What a number of workers did that each begin the next cycle when the last is done. */
export interface Loop {
  perSecond: number;
  failures: number;
}

/** Carries out cycles, so many at a time, and begins none after so many or so many seconds. */
export async function closedLoop(
  contender: Contender,
  { cycles, seconds, atOnce }: { cycles: number; seconds: number; atOnce: number },
): Promise<Loop> {
  let begun = 0;
  let done = 0;
  let failures = 0;
  const began = performance.now();
  const secondsSince = () => (performance.now() - began) / 1000;
  const work = async () => {
    while (begun++ < cycles && secondsSince() < seconds) {
      try {
        await cycle(contender);
        done++;
      } catch (error) {
        console.error(contender.name, error);
        failures++;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { perSecond: done / secondsSince(), failures };
}
