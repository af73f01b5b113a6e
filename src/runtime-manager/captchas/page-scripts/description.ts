import type { Captcha } from './captcha-list.ts';
import type { elements } from './elements.ts';

/** Returns a function that describes a captcha as `FoundCaptcha` takes it. */
export function description({
  data,
  isButton,
}: Pick<ReturnType<typeof elements>, 'data' | 'isButton'>) {
  const URL_MAX = 2000;
  /** The page's address without the fragment, which concerns nobody else, or a query that is long. */
  const address = () => {
    const url = new URL(location.protocol === 'about:' ? document.baseURI : location.href);
    url.hash = '';
    if (url.href.length > URL_MAX) url.search = '';
    return url.href;
  };
  return ({ id, anchor, kind, siteKey, action }: Captcha) => ({
    id,
    kind,
    siteKey,
    url: address(),
    userAgent: navigator.userAgent,
    callback: data(anchor, 'callback'),
    action: action ?? data(anchor, 'action'),
    cData: data(anchor, 'cdata'),
    dataS: data(anchor, 's'),
    isInvisible: isButton(anchor) || data(anchor, 'size') === 'invisible',
  });
}
