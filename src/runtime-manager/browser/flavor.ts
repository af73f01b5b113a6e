/** The kinds of browsers: `lean` ones have no WebGL. */
export const BROWSER_FLAVORS = ['full', 'lean'] as const;
export type BrowserFlavor = (typeof BROWSER_FLAVORS)[number];
