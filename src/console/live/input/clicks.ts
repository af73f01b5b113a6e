const DOUBLE_CLICK_MS = 500;
const DOUBLE_CLICK_PX = 5;
const CLICKS_MAX = 3;

type Press = Pick<MouseEvent, 'button' | 'clientX' | 'clientY' | 'timeStamp'>;

/** Counts presses of one button at one place: 2 for a double click. */
export class Clicks {
  #last: Press | undefined;
  count = 0;

  press(press: Press): void {
    const last = this.#last;
    const isRepeated =
      last !== undefined &&
      last.button === press.button &&
      press.timeStamp - last.timeStamp < DOUBLE_CLICK_MS &&
      Math.hypot(press.clientX - last.clientX, press.clientY - last.clientY) < DOUBLE_CLICK_PX;
    this.count = isRepeated && this.count < CLICKS_MAX ? this.count + 1 : 1;
    this.#last = press;
  }
}
