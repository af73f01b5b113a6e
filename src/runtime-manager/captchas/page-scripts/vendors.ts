import type { elements } from './elements.ts';

/** A vendor whose widgets take a token, and how to recognize them. */
export interface Vendor {
  kind: string;
  /** Matches the path of the address of the vendor's script. */
  path: RegExp;
  className: string;
  field: string;
  /** Matches the address of the vendor's frame; the first group is the site key. */
  frame: RegExp;
}

/** A vendor whose script the document has. */
export interface PresentVendor extends Vendor {
  script: URL;
  isRecaptcha: boolean;
  /** The end of the names of its kinds. */
  suffix: string;
  /** The site key that scores are asked for with; undefined: none are. */
  scoreKey: string | undefined;
}

/**
 * Returns a function that finds the vendors of a document.
 *
 * - reCAPTCHA: https://developers.google.com/recaptcha/docs/display, /invisible, /v3
 * - hCaptcha: https://docs.hcaptcha.com/configuration
 * - Turnstile: https://developers.cloudflare.com/turnstile/get-started/client-side-rendering/
 */
export function vendors({ all, isA }: Pick<ReturnType<typeof elements>, 'all' | 'isA'>) {
  const VENDORS: Vendor[] = [
    {
      kind: 'recaptcha_v2',
      path: /\/recaptcha\/(?:api|enterprise)\.js$/,
      className: 'g-recaptcha',
      field: 'g-recaptcha-response',
      frame: /\/recaptcha\/.*[?&]k=([^&]+)/,
    },
    {
      kind: 'hcaptcha',
      path: /\/1\/(?:secure-)?api\.js$/,
      className: 'h-captcha',
      field: 'h-captcha-response',
      frame: /hcaptcha.*[?&#]sitekey=([^&]+)/,
    },
    {
      kind: 'turnstile',
      path: /\/turnstile\/v0\/(?:[\w/]+\/)?api\.js$/,
      className: 'cf-turnstile',
      field: 'cf-turnstile-response',
      frame: /\/turnstile\/.*\/(0x[^/]+)\//,
    },
  ];
  const present = (vendor: Vendor, script: URL): PresentVendor => {
    const isRecaptcha = vendor.kind === 'recaptcha_v2';
    const suffix = isRecaptcha && script.pathname.endsWith('enterprise.js') ? '_enterprise' : '';
    const render = isRecaptcha ? script.searchParams.get('render') : null;
    const scoreKey = render && !['explicit', 'onload'].includes(render) ? render : undefined;
    return { ...vendor, script, isRecaptcha, suffix, scoreKey };
  };
  return (): PresentVendor[] => {
    const scripts = all('script[src]')
      .filter(isA('script'))
      .map(({ src }) => URL.parse(src));
    return VENDORS.flatMap((vendor) => {
      const script = scripts.find((url) => url && vendor.path.test(url.pathname));
      return script ? [present(vendor, script)] : [];
    });
  };
}
