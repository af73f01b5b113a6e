/** What widgets of the four kinds offer to scripts. */
interface Widget extends Element {
  /** ALTCHA. */
  verify?(): unknown;
  getState?(): string;
  /** Cap. */
  solve?(): unknown;
  /** Friendly Captcha. */
  friendlyChallengeWidget?: { start(): unknown };
  frcWidget?: { start(): unknown };
  /** mCaptcha: a checkbox. */
  checked?: boolean;
  click?(): void;
}

/**
 * Starts a widget's proof of work in the page's world. Stacks there do not show a function without a
 * name. A widget that computes already is left alone, so that it does not begin again. The widget
 * itself shows its failures: a page would notice a rejection that nobody handles.
 */
export const startWork = async function (this: Widget, kind: string): Promise<void> {
  /** Waits for 20 s at most: a widget is upgraded when its script has come, if ever. */
  const until = async (isReady: () => boolean): Promise<void> => {
    for (let looks = 0; looks < 400; looks++) {
      if (isReady()) return;
      await new Promise((wait) => setTimeout(wait, 50));
    }
    throw new Error('the widget did not come');
  };
  const isComputing = () =>
    kind === 'altcha'
      ? this.getState?.() === 'verifying'
      : ['.FETCHING', '.UNFINISHED'].includes(this.querySelector('input')?.value ?? '');
  const mute = (result: unknown) => void Promise.resolve(result).catch(() => undefined);
  switch (kind) {
    case 'altcha':
      await until(() => typeof this.verify === 'function');
      if (!isComputing()) mute(this.verify?.());
      break;
    case 'cap':
      await until(() => typeof this.solve === 'function');
      mute(this.solve?.());
      break;
    case 'friendly_captcha': {
      const widget = () => this.friendlyChallengeWidget ?? this.frcWidget;
      await until(() => Boolean(widget()));
      if (!isComputing()) mute(widget()?.start());
      break;
    }
    case 'mcaptcha':
      if (!this.checked) this.click?.();
      break;
    default:
      throw new Error('the kind is not a proof of work');
  }
};
