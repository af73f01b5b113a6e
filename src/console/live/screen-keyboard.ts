import { effect, signal } from '@preact/signals';
import type { FieldKind, Rectangle, Told } from './contract.ts';
import type { Point } from './fit.ts';
import type { Screen } from './screen.ts';

/** Bars of browsers, which come and go, are lower. */
const HEIGHT_MIN_PX = 120;

/** The keyboard for a field. None of them hides what is typed, as the page's own does. */
const INPUT_MODES = {
  text: 'text',
  password: 'text',
  email: 'email',
  tel: 'tel',
  number: 'decimal',
  url: 'url',
  search: 'search',
} as const satisfies Record<FieldKind, string>;

/** The keyboard on the screen of a phone, and the field of the page that it is for. */
export class ScreenKeyboard {
  /** The field that got the focus by a touch. */
  readonly field = signal<Rectangle | undefined>(undefined);
  /** Whether something covers as much of the window as a keyboard does. */
  readonly isOpen = signal(false);
  /** Where on the page the last tap was; undefined when a finger did anything else since. */
  tap: Point | undefined;
  #kind: FieldKind = 'text';
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
    followWindow(this.isOpen);
    effect(() => {
      // The stage gets smaller a moment after the window.
      const hasRoom = screen.stage.value.height > 0;
      const field = this.field.peek();
      if (this.isOpen.value && hasRoom && field) screen.zoom.showField(field, undefined);
    });
  }

  /** The service tells which field has the focus after a touch. */
  focused({ at, isChosen, kind }: Told<'field'>): void {
    const before = this.field.value;
    this.field.value = at ?? undefined;
    this.#kind = kind;
    // The address, or what a page asks, may have the keys by now.
    if (!this.tap || document.activeElement?.id !== 'keys') return;
    if (!at && before) return showKeyboard('none');
    if (!at || !isChosen) return;
    this.#screen.zoom.showField(at, this.tap);
    // Some phones open it only for a touch itself, which is over: hence the button beside the picture.
    this.open();
  }

  open(): void {
    showKeyboard(INPUT_MODES[this.#kind]);
  }

  /** What was known is of another page, or somebody else drives. */
  forget(): void {
    this.field.value = undefined;
    this.tap = undefined;
    this.#kind = 'text';
  }
}

function showKeyboard(mode: (typeof INPUT_MODES)[FieldKind] | 'none'): void {
  const field = document.getElementById('keys');
  if (!field) return;
  field.inputMode = mode;
  field.enterKeyHint = mode === 'search' ? 'search' : 'enter';
  // Browsers scroll to what has the focus: here is the field of the page, once it is readable.
  field.style.top = '25%';
  field.blur();
  field.focus({ preventScroll: true });
}

/** Whether a keyboard could be open: windows get smaller for other reasons, too. */
function mayBeTyped(): boolean {
  const { activeElement } = document;
  const isField =
    activeElement instanceof HTMLInputElement || activeElement instanceof HTMLTextAreaElement;
  return isField && activeElement.inputMode !== 'none' && matchMedia('(pointer: coarse)').matches;
}

/**
 * Keeps the page out from below the keyboard. Some browsers make the window smaller (the page's
 * `interactive-widget`); Safari lays the keyboard over it.
 */
function followWindow(isOpen: { value: boolean }): void {
  const seen = visualViewport;
  if (!seen) return;
  const root = document.documentElement;
  let highest = { width: 0, height: 0 };
  const follow = () => {
    // Whoever magnifies the whole window sees less of it.
    if (seen.scale > 1.01) return;
    const { width, height } = seen;
    if (width !== highest.width || height > highest.height) highest = { width, height };
    isOpen.value = mayBeTyped() && height < highest.height - HEIGHT_MIN_PX;
    root.style.height = height < root.clientHeight ? `${height}px` : '';
    if (isOpen.value) window.scrollTo(0, 0);
  };
  follow();
  for (const type of ['resize', 'scroll']) seen.addEventListener(type, follow);
}
