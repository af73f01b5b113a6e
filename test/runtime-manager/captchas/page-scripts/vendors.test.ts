import { expect, test } from 'vitest';
import { elements } from '../../../../src/runtime-manager/captchas/page-scripts/elements.ts';
import { vendors } from '../../../../src/runtime-manager/captchas/page-scripts/vendors.ts';

/** The vendors of a document that has these scripts. */
function vendorsOf(...scripts: string[]) {
  const all = () => scripts.map((src) => ({ src, localName: 'script' }));
  return vendors({ all, isA: elements().isA })();
}

test.for([
  ['https://www.google.com/recaptcha/api.js', 'recaptcha_v2', '', undefined],
  ['https://www.recaptcha.net/recaptcha/enterprise.js', 'recaptcha_v2', '_enterprise', undefined],
  ['https://www.google.com/recaptcha/api.js?render=6L-score', 'recaptcha_v2', '', '6L-score'],
  ['https://www.google.com/recaptcha/api.js?render=explicit', 'recaptcha_v2', '', undefined],
  ['https://www.google.com/recaptcha/api.js?render=onload', 'recaptcha_v2', '', undefined],
  ['https://js.hcaptcha.com/1/api.js?render=explicit', 'hcaptcha', '', undefined],
  ['https://js.hcaptcha.com/1/secure-api.js', 'hcaptcha', '', undefined],
  ['https://challenges.cloudflare.com/turnstile/v0/api.js?render=x', 'turnstile', '', undefined],
  ['https://challenges.cloudflare.com/turnstile/v0/g/abc/api.js', 'turnstile', '', undefined],
] as const)('%s is the script of %s%s, with the score key %s', ([src, kind, suffix, scoreKey]) => {
  expect(vendorsOf('no address', src)).toMatchObject([{ kind, suffix, scoreKey }]);
});

test("a script that only looks like a vendor's is ignored", () => {
  for (const src of ['https://example.com/api.js', 'https://example.com/recaptcha/api.json', '']) {
    expect(vendorsOf(src), src).toEqual([]);
  }
});

test.for([
  ['recaptcha_v2', 'https://www.google.com/recaptcha/api2/anchor?ar=1&k=6L-key&co=x'],
  ['hcaptcha', 'https://newassets.hcaptcha.com/captcha/v1/x/hcaptcha.html#frame=x&sitekey=6L-key'],
  [
    'turnstile',
    'https://challenges.cloudflare.com/cdn-cgi/turnstile/if/ov2/av0/rcv/x/0x6L-key/auto/',
  ],
] as const)('the frame of %s has its site key', ([kind, src]) => {
  const known = vendorsOf(
    'https://www.google.com/recaptcha/api.js',
    'https://js.hcaptcha.com/1/api.js',
    'https://challenges.cloudflare.com/turnstile/v0/api.js',
  );
  const { frame } = known.find((vendor) => vendor.kind === kind) ?? { frame: /^$/ };
  expect(frame.exec(src)?.[1]).toMatch(/^(?:0x)?6L-key$/);
});
