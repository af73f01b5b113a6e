import { z } from 'zod';

/**
 * Finds captchas in a document, evaluated in a world of our own in which `captchas` is kept. By
 * looking again and again rather than by events: a response that was emptied changes no attribute.
 * The prototypes are named since a page's elements can hide what `document` has.
 *
 * - reCAPTCHA: https://developers.google.com/recaptcha/docs/display, /invisible, /v3
 * - hCaptcha: https://docs.hcaptcha.com/configuration
 * - Turnstile: https://developers.cloudflare.com/turnstile/get-started/client-side-rendering/
 * - ALTCHA: https://altcha.org/docs/v2/widget-integration
 * - Cap: https://capjs.js.org/guide/widget.html
 * - Friendly Captcha: https://developer.friendlycaptcha.com
 * - mCaptcha: the page in its frame, https://github.com/mCaptcha/mCaptcha/tree/master/templates/widget
 * - images: `<img data-captcha="image" data-captcha-input="id of the input">`
 */
const DETECTION = `globalThis.captchas ??= (() => {
  const LOOK_MS = 250;
  const MOST = 100;
  const URL_MAX = 2000;
  const VENDORS = [
    { kind: 'recaptcha_v2', path: /\\/recaptcha\\/(?:api|enterprise)\\.js$/, className: 'g-recaptcha', field: 'g-recaptcha-response', frame: /\\/recaptcha\\/.*[?&]k=([^&]+)/ },
    { kind: 'hcaptcha', path: /\\/1\\/(?:secure-)?api\\.js$/, className: 'h-captcha', field: 'h-captcha-response', frame: /hcaptcha.*[?&#]sitekey=([^&]+)/ },
    { kind: 'turnstile', path: /\\/turnstile\\/v0\\/(?:[\\w/]+\\/)?api\\.js$/, className: 'cf-turnstile', field: 'cf-turnstile-response', frame: /\\/turnstile\\/.*\\/(0x[^/]+)\\// },
  ];
  const all = (selector, from = document) =>
    [...(from === document ? Document : Element).prototype.querySelectorAll.call(from, selector)];
  const closest = (element, selector) => Element.prototype.closest.call(element, selector);
  const isButton = (element) => Element.prototype.matches.call(element, 'button, input');
  const data = (element, name) => element.getAttribute('data-' + name) || undefined;
  const isShown = (element) => Boolean(element) && getComputedStyle(element).display !== 'none';

  const entries = new Map();
  const anchors = new Set();
  let lastId = 0;
  const know = (anchor, entry) => {
    if (anchors.has(anchor) || entries.size >= MOST) return;
    anchors.add(anchor);
    const id = ++lastId;
    entries.set(id, { id, anchor, isTold: false, isFilled: false, ...entry });
  };
  const forgetGone = () => {
    for (const { id, anchor } of entries.values()) {
      if (anchor.isConnected) continue;
      entries.delete(id);
      anchors.delete(anchor);
    }
  };

  const scriptOf = ({ path }) =>
    all('script[src]').map(({ src }) => URL.parse(src)).find((url) => url && path.test(url.pathname));
  const keyInFrame = ({ frame }, anchor) =>
    all('iframe', anchor).map(({ src }) => frame.exec(src)?.[1]).find(Boolean);
  const fieldsIn = (vendor, anchor) => {
    const name = data(anchor, 'response-field-name') ?? vendor.field;
    const names = new Set([name, vendor.field, 'g-recaptcha-response']);
    const inside = all('input, textarea', anchor).filter((field) => names.has(field.name));
    return inside.length > 0 || !isButton(anchor) ? inside : looseFields(vendor);
  };
  const looseFields = (vendor) =>
    all('[name="' + vendor.field + '"]').filter((field) => !closest(field, '[data-sitekey]'));

  const findTokens = () => {
    for (const vendor of VENDORS) {
      const script = scriptOf(vendor);
      if (!script) continue;
      const isRecaptcha = vendor.kind === 'recaptcha_v2';
      const suffix = isRecaptcha && script.pathname.endsWith('enterprise.js') ? '_enterprise' : '';
      const render = isRecaptcha ? script.searchParams.get('render') : null;
      const scoreKey = render && !['explicit', 'onload'].includes(render) ? render : undefined;
      if (scoreKey) findScore(scoreKey, 'recaptcha_v3' + suffix);
      const classes = [vendor.className];
      if (script.searchParams.get('compat') === 'recaptcha') classes.push('g-recaptcha');
      for (const anchor of all(classes.map((name) => '.' + name + '[data-sitekey]').join())) {
        const isScore = isRecaptcha && Boolean(data(anchor, 'action'));
        const kind = (isScore ? 'recaptcha_v3' : vendor.kind) + suffix;
        if (fieldsIn(vendor, anchor).length === 0 && data(anchor, 'response-field') !== 'false') continue;
        know(anchor, { kind, vendor, siteKey: data(anchor, 'sitekey') });
      }
      for (const field of looseFields(vendor)) {
        const anchor = field.parentElement;
        if (!anchor || all('button.' + vendor.className).length > 0) continue;
        const siteKey = keyInFrame(vendor, closest(anchor, '.grecaptcha-badge') ?? anchor);
        if (isRecaptcha && closest(anchor, '.h-captcha, .cf-turnstile')) continue;
        if (isRecaptcha && all('[name=h-captcha-response], [name=cf-turnstile-response]', anchor).length > 0) continue;
        if (scoreKey && (siteKey === scoreKey || closest(anchor, '.grecaptcha-badge'))) continue;
        know(anchor, { kind: vendor.kind + suffix, vendor, siteKey });
      }
    }
  };
  /** Scores have no widget; what the page will ask for is in its scripts, if anywhere. */
  const findScore = (siteKey, kind) => {
    const anchor = document.documentElement;
    if (document.readyState === 'loading' || anchors.has(anchor)) return;
    const said = all('script:not([src])').map((script) => script.textContent);
    const pattern = /\\.execute\\([^)]{0,200}?action['"]?\\s*:\\s*['"]([\\w/]+)['"]/;
    const action = said.map((text) => pattern.exec(text)?.[1]).find(Boolean);
    if (all('.g-recaptcha[data-action]').length === 0) know(anchor, { kind, siteKey, action });
  };

  const POW = {
    altcha: {
      selector: 'altcha-widget',
      response: (anchor) => all('input[type=hidden]', anchor).map(({ value }) => value).find(Boolean),
      isRefused: (anchor) => all('[data-state=error]', anchor).length > 0,
    },
    cap: {
      selector: 'cap-widget',
      response: (anchor) => all('input[type=hidden]', anchor).map(({ value }) => value).find(Boolean),
      isRefused: (anchor) => Boolean(anchor.shadowRoot?.querySelector('[data-state=error]')),
    },
    friendly_captcha: {
      selector: '.frc-captcha[data-sitekey]',
      response: (anchor) => all('input', anchor).map(({ value }) => value).find((value) => value && !value.startsWith('.')),
      isRefused: (anchor) => all('input', anchor).some(({ value }) => /^\\.(?:HEADLESS_)?ERROR$/.test(value)),
    },
    mcaptcha: {
      selector: '#widget__verification-checkbox',
      response: () => (isShown(document.getElementById('widget__verification-text--after')) ? 'sent' : undefined),
      isRefused: () => isShown(document.getElementById('widget__verification-text--error')),
    },
  };
  const findWork = () => {
    for (const [kind, work] of Object.entries(POW)) {
      for (const anchor of all(work.selector)) know(anchor, { kind, work, siteKey: data(anchor, 'sitekey') });
    }
  };
  const inputOf = (anchor) => document.getElementById(data(anchor, 'captcha-input') ?? '');
  const findImages = () => {
    for (const anchor of all('img[data-captcha=image][data-captcha-input]')) {
      if (anchor.complete && anchor.naturalWidth > 0 && inputOf(anchor)) know(anchor, { kind: 'image' });
    }
  };

  const fieldsOf = ({ kind, vendor, anchor }) =>
    kind === 'image' ? [inputOf(anchor)].filter(Boolean) : vendor ? fieldsIn(vendor, anchor) : [];
  const isSolved = (entry) => {
    if (entry.work) return Boolean(entry.work.response(entry.anchor));
    const fields = fieldsOf(entry);
    return fields.length > 0 ? fields.some(({ value }) => value !== '') : entry.isFilled;
  };
  const open = () => {
    forgetGone();
    findTokens();
    findWork();
    findImages();
    return [...entries.values()].filter((entry) => !isSolved(entry));
  };
  /** What is behind the path may be long, and is dropped then; a fragment is nobody else's. */
  const address = () => {
    const url = new URL(location.protocol === 'about:' ? document.baseURI : location.href);
    url.hash = '';
    if (url.href.length > URL_MAX) url.search = '';
    return url.href;
  };
  const tell = (entry) => {
    entry.isTold = true;
    const { id, anchor, kind, siteKey, action } = entry;
    return {
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
    };
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  /** Whether it could be put there, or was too late for that. */
  const put = (id, text) => {
    const entry = entries.get(id);
    if (!entry?.anchor.isConnected) return 'gone';
    if (isSolved(entry)) return 'solved';
    entry.isFilled = true;
    for (const field of fieldsOf(entry)) field.value = text;
    return 'put';
  };
  let turns = 0;

  return {
    /** Those that are not solved, told before or not. */
    unsolved: () => open().map(tell),
    /**
     * Those that were not told yet, as soon as there are any. Who asks for the first time is told all:
     * a page that comes back from the cache of the browser brings this with it, and who asked before.
     */
    next: async (isFirst) => {
      const turn = ++turns;
      if (isFirst) for (const entry of entries.values()) entry.isTold = false;
      while (turn === turns) {
        const fresh = open().filter(({ isTold }) => !isTold);
        if (fresh.length > 0) return fresh.map(tell);
        await pause(LOOK_MS);
      }
      return [];
    },
    anchor: (id) => entries.get(id)?.anchor,
    /** It is told once more when its response goes. */
    settle: (id) => {
      const entry = entries.get(id);
      if (entry) entry.isTold = false;
    },
    /** How the work of a widget ends. */
    outcome: async (id) => {
      const { work, anchor } = entries.get(id);
      for (;;) {
        await pause(50);
        if (work.response(anchor)) return 'solved';
        if (work.isRefused(anchor)) return 'refused';
      }
    },
    /** Its bytes, or its address where they are another site's and may not be read. */
    image: (id) => {
      const { anchor } = entries.get(id);
      const canvas = document.createElement('canvas');
      canvas.width = anchor.naturalWidth;
      canvas.height = anchor.naturalHeight;
      canvas.getContext('2d').drawImage(anchor, 0, 0);
      try {
        return { bytes: canvas.toDataURL('image/png').split(',')[1] };
      } catch {
        return { url: anchor.currentSrc };
      }
    },
    /** Where the widget itself puts a token. */
    put,
    /** As somebody types. */
    type: (id, text) => {
      const result = put(id, text);
      if (result !== 'put') return result;
      for (const type of ['input', 'change']) {
        for (const field of fieldsOf(entries.get(id))) field.dispatchEvent(new Event(type, { bubbles: true }));
      }
      return result;
    },
  };
})();`;

/** What became of a solution: put in its place, or too late for it. */
export const Placed = z.enum(['put', 'solved', 'gone']);

/** An expression that has detection first, which does nothing where it already is. */
export function withDetection(expression: string): string {
  return `${DETECTION}\n${expression}`;
}
