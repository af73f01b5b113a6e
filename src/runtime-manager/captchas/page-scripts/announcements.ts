import type { Captcha, captchaList } from './captcha-list.ts';

/** Tells which captchas of a document are not solved. */
export function announcements<Told>(
  findUnsolved: () => Captcha[],
  describe: (captcha: Captcha) => Told,
  list: Pick<ReturnType<typeof captchaList>, 'all' | 'find'>,
) {
  const LOOK_MS = 250;
  const tell = (captcha: Captcha) => {
    captcha.isTold = true;
    return describe(captcha);
  };
  let turns = 0;
  return {
    /** The captchas that are not solved, told before or not. */
    unsolved: () => findUnsolved().map(tell),
    /**
     * The captchas that were not told yet, as soon as there are any; none when somebody asks again
     * meanwhile. Whoever asks for the first time is told all: a page that comes back from the cache
     * of the browser brings its list with it, and what was told before.
     */
    next: async (isFirst: boolean) => {
      const turn = ++turns;
      if (isFirst) for (const captcha of list.all()) captcha.isTold = false;
      for (;;) {
        if (turn !== turns) return [];
        const fresh = findUnsolved().filter(({ isTold }) => !isTold);
        if (fresh.length > 0) return fresh.map(tell);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    /** Has a captcha told once more when its response goes. */
    settle: (id: number): void => {
      const captcha = list.find(id);
      if (captcha) captcha.isTold = false;
    },
  };
}
