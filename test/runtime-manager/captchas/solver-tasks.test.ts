import { expect, test } from 'vitest';
import { TOKEN_KINDS } from '../../../src/runtime-manager/captchas/kinds.ts';
import { tokenTask } from '../../../src/runtime-manager/captchas/solver-tasks.ts';

const found = {
  id: 0,
  kind: 'turnstile',
  url: 'https://site.example/login',
  userAgent: 'Browser/1.0',
  siteKey: 'KEY',
  callback: undefined,
  action: 'login',
  cData: 'c-data',
  dataS: 's-data',
  isInvisible: true,
} as const;
const proxy = {
  type: 'socks5',
  host: '[2001:db8::1]',
  port: 1080,
  username: 'u',
  password: 'p',
} as const;
const ANTI_CAPTCHA = 'https://api.anti-captcha.com';
const CAPSOLVER = 'https://api.capsolver.com';

function task(kind: (typeof TOKEN_KINDS)[number], solverUrl: string, through = true) {
  return tokenTask(kind, found, 'KEY', { proxy: through ? proxy : undefined, solverUrl });
}

test('a task names the page and the key, and the proxy where its type takes one', () => {
  expect(task('recaptcha_v2', ANTI_CAPTCHA)).toEqual({
    type: 'RecaptchaV2Task',
    websiteURL: 'https://site.example/login',
    websiteKey: 'KEY',
    proxyType: 'socks5',
    proxyAddress: '2001:db8::1',
    proxyPort: 1080,
    proxyLogin: 'u',
    proxyPassword: 'p',
    userAgent: 'Browser/1.0',
    isInvisible: true,
    recaptchaDataSValue: 's-data',
  });
  expect(task('recaptcha_v3_enterprise', ANTI_CAPTCHA)).toEqual({
    type: 'RecaptchaV3TaskProxyless',
    websiteURL: 'https://site.example/login',
    websiteKey: 'KEY',
    minScore: 0.7,
    pageAction: 'login',
    isEnterprise: true,
  });
  expect(task('turnstile', ANTI_CAPTCHA, false)).toEqual({
    type: 'TurnstileTaskProxyless',
    websiteURL: 'https://site.example/login',
    websiteKey: 'KEY',
    action: 'login',
    data: 'c-data',
    cData: 'c-data',
  });
});

function names(solverUrl: string, through: boolean): string[] {
  return TOKEN_KINDS.map((kind) => task(kind, solverUrl, through).type);
}

test('every kind of captcha has the names that its solver uses', () => {
  expect(names(ANTI_CAPTCHA, false)).toEqual([
    'RecaptchaV2TaskProxyless',
    'RecaptchaV2EnterpriseTaskProxyless',
    'RecaptchaV3TaskProxyless',
    'RecaptchaV3TaskProxyless',
    'HCaptchaTaskProxyless',
    'TurnstileTaskProxyless',
  ]);
  expect(names(CAPSOLVER, true)).toEqual([
    'ReCaptchaV2Task',
    'ReCaptchaV2EnterpriseTask',
    'ReCaptchaV3Task',
    'ReCaptchaV3EnterpriseTask',
    'HCaptchaTask',
    'AntiTurnstileTaskProxyLess',
  ]);
});
