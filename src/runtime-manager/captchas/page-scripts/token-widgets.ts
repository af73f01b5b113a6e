import type { captchaList } from './captcha-list.ts';
import type { elements } from './elements.ts';
import type { tokenFields } from './token-fields.ts';
import type { PresentVendor } from './vendors.ts';

/** Returns a function that finds the widgets that take a token of a vendor. */
export function tokenWidgets(
  { all, closest, data, isA }: ReturnType<typeof elements>,
  fields: ReturnType<typeof tokenFields>,
  list: ReturnType<typeof captchaList>,
) {
  const findMarked = (vendor: PresentVendor) => {
    const { isRecaptcha, suffix } = vendor;
    const classes = [vendor.className];
    if (vendor.script.searchParams.get('compat') === 'recaptcha') classes.push('g-recaptcha');
    for (const anchor of all(classes.map((name) => `.${name}[data-sitekey]`).join())) {
      const isScore = isRecaptcha && data(anchor, 'action') !== undefined;
      const kind = (isScore ? 'recaptcha_v3' : vendor.kind) + suffix;
      const hasField = fields.of(vendor, anchor).length > 0;
      if (!hasField && data(anchor, 'response-field') !== 'false') continue;
      list.add(anchor, { kind, vendor, siteKey: data(anchor, 'sitekey') });
    }
  };
  const keyInFrame = ({ frame }: PresentVendor, anchor: Element) =>
    all('iframe', anchor)
      .filter(isA('iframe'))
      .map(({ src }) => frame.exec(src)?.[1])
      .find(Boolean);
  /** Whether a field is another vendor's: some call theirs by reCAPTCHA's name as well. */
  const isForeign = (anchor: Element) =>
    closest(anchor, '.h-captcha, .cf-turnstile') !== null ||
    all('[name=h-captcha-response], [name=cf-turnstile-response]', anchor).length > 0;
  /** Finds widgets that a script rendered: only their field marks them. */
  const findRendered = (vendor: PresentVendor) => {
    const { isRecaptcha, scoreKey } = vendor;
    for (const { parentElement: anchor } of fields.loose(vendor)) {
      if (!anchor || all(`button.${vendor.className}`).length > 0) continue;
      const badge = closest(anchor, '.grecaptcha-badge');
      const siteKey = keyInFrame(vendor, badge ?? anchor);
      const isOfScore = scoreKey !== undefined && (siteKey === scoreKey || badge !== null);
      if (isOfScore || (isRecaptcha && isForeign(anchor))) continue;
      list.add(anchor, { kind: vendor.kind + vendor.suffix, vendor, siteKey });
    }
  };
  return (vendor: PresentVendor) => {
    findMarked(vendor);
    findRendered(vendor);
  };
}
