import type { captchaList } from './captcha-list.ts';
import type { elements } from './elements.ts';
import type { PresentVendor } from './vendors.ts';

/**
 * Returns a function that finds the action for which a page will ask a vendor's score. Scores have no
 * widget: the action is in the page's scripts, if anywhere.
 */
export function scores(
  { all }: Pick<ReturnType<typeof elements>, 'all'>,
  list: Pick<ReturnType<typeof captchaList>, 'add' | 'has'>,
) {
  const EXECUTE = /\.execute\([^)]{0,200}?action['"]?\s*:\s*['"]([\w/]+)['"]/;
  return ({ scoreKey: siteKey, suffix }: PresentVendor): void => {
    const anchor = document.documentElement;
    if (!siteKey || document.readyState === 'loading' || list.has(anchor)) return;
    if (all('.g-recaptcha[data-action]').length > 0) return;
    const actions = all('script:not([src])').map(
      ({ textContent }) => EXECUTE.exec(textContent)?.[1],
    );
    list.add(anchor, { kind: `recaptcha_v3${suffix}`, siteKey, action: actions.find(Boolean) });
  };
}
