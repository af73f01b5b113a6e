/** What was given to a vendor's `render`. */
export interface Rendered {
  siteKey: string;
  /** A function, or the name of one. */
  callback: unknown;
}

/**
 * Finds what was given to `render` among all objects of a page, even when only the vendor's script
 * still has it. Only own data properties are read, so that no code of the page runs.
 */
export const renderedAmong = function (objects: object[]): Rendered[] {
  const own = (object: object, name: string): unknown =>
    Object.getOwnPropertyDescriptor(object, name)?.value;
  return objects.flatMap((object) => {
    const siteKey = own(object, 'sitekey');
    return typeof siteKey === 'string' ? [{ siteKey, callback: own(object, 'callback') }] : [];
  });
};

export const siteKeysOf = function (rendered: Rendered[]): string[] {
  const keys = new Set(rendered.map(({ siteKey }) => siteKey));
  return [...keys].filter((key) => key.length > 0 && key.length <= 200).slice(0, 10);
};

/**
 * Calls the callback that was rendered with a site key, and tells whether there is one. Two widgets
 * with one key may have two callbacks: then neither is called, since the wrong one would do harm.
 */
export const callRendered = function (
  rendered: Rendered[],
  siteKey: string,
  token: string,
): boolean {
  const valueOf = (callback: unknown): unknown =>
    typeof callback === 'string' ? Reflect.get(window, callback) : callback;
  const callbacks = rendered
    .filter((one) => one.siteKey === siteKey)
    .map(({ callback }) => valueOf(callback))
    .filter((callback) => typeof callback === 'function');
  const [callback, ...others] = new Set(callbacks);
  if (!callback || others.length > 0) return false;
  setTimeout(callback, 0, token);
  return true;
};

/** Calls a function of the page by its name, such as `app.done`, and tells whether there is one. */
export const callNamed = function (name: string, token: string): boolean {
  const hasProperties = (value: unknown): value is Record<string, unknown> =>
    value !== undefined && value !== null;
  let callback: unknown = window;
  for (const part of name.split('.')) {
    callback = hasProperties(callback) ? callback[part] : undefined;
  }
  if (typeof callback !== 'function') return false;
  setTimeout(callback, 0, token);
  return true;
};

/** Gives the page this token the next time that it asks for a score with this key. */
export const answerExecute = function (
  siteKey: string,
  action: string,
  token: string,
  lifeMs: number,
): boolean {
  interface ScoreApi {
    execute?: unknown;
  }
  const page: Window & { grecaptcha?: ScoreApi & { enterprise?: ScoreApi } } = window;
  const until = performance.now() + lifeMs;
  let isTaken = true;
  for (const api of [page.grecaptcha, page.grecaptcha?.enterprise]) {
    const execute = api?.execute;
    if (!api || typeof execute !== 'function') continue;
    isTaken = false;
    api.execute = function (this: unknown, key: string, options?: { action?: string }): unknown {
      const isAsked = key === siteKey && (!action || action === options?.action);
      if (isTaken || !isAsked || performance.now() > until) return execute.apply(this, arguments);
      isTaken = true;
      return Promise.resolve(token);
    };
  }
  return !isTaken;
};
