import type { captchaList, Work } from './captcha-list.ts';
import type { elements } from './elements.ts';

/**
 * Returns a function that finds widgets of proof of work.
 *
 * - ALTCHA: https://altcha.org/docs/v2/widget-integration
 * - Cap: https://capjs.js.org/guide/widget.html
 * - Friendly Captcha: https://developer.friendlycaptcha.com
 * - mCaptcha: the page in its frame, https://github.com/mCaptcha/mCaptcha/tree/master/templates/widget
 */
export function workWidgets(
  { all, data, isA, isShown }: ReturnType<typeof elements>,
  list: ReturnType<typeof captchaList>,
) {
  const values = (anchor: Element, selector = 'input') =>
    all(selector, anchor)
      .filter(isA('input'))
      .map(({ value }) => value);
  const hiddenValue = (anchor: Element) => values(anchor, 'input[type=hidden]').find(Boolean);
  const textIsShown = (name: string) =>
    isShown(document.getElementById(`widget__verification-text--${name}`));
  const WORKS: Work[] = [
    {
      kind: 'altcha',
      selector: 'altcha-widget',
      response: hiddenValue,
      isRefused: (anchor) => all('[data-state=error]', anchor).length > 0,
    },
    {
      kind: 'cap',
      selector: 'cap-widget',
      response: hiddenValue,
      isRefused: ({ shadowRoot }) => Boolean(shadowRoot?.querySelector('[data-state=error]')),
    },
    {
      kind: 'friendly_captcha',
      selector: '.frc-captcha[data-sitekey]',
      response: (anchor) => values(anchor).find((value) => value && !value.startsWith('.')),
      isRefused: (anchor) => values(anchor).some((value) => /^\.(?:HEADLESS_)?ERROR$/.test(value)),
    },
    {
      kind: 'mcaptcha',
      selector: '#widget__verification-checkbox',
      response: () => (textIsShown('after') ? 'sent' : undefined),
      isRefused: () => textIsShown('error'),
    },
  ];
  return (): void => {
    for (const work of WORKS) {
      for (const anchor of all(work.selector)) {
        list.add(anchor, { kind: work.kind, work, siteKey: data(anchor, 'sitekey') });
      }
    }
  };
}
