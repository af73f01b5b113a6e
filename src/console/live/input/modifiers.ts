export interface ModifierState {
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

export const ALT = 1;
export const CTRL = 2;
const META = 4;
export const SHIFT = 8;

export const isMac = /^Mac|^iP/.test(navigator.platform);

/** The bits of the modifiers that are held. What Command does on a Mac, Control does in the browser. */
export function modifiersOf({ altKey, ctrlKey, metaKey, shiftKey }: ModifierState): number {
  const hasCtrl = ctrlKey || (isMac && metaKey);
  return (
    (altKey ? ALT : 0) |
    (hasCtrl ? CTRL : 0) |
    (metaKey && !isMac ? META : 0) |
    (shiftKey ? SHIFT : 0)
  );
}
