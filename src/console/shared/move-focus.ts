const STEPS: Partial<Record<string, (i: number, last: number) => number>> = {
  ArrowLeft: (i, last) => (i > 0 ? i - 1 : last),
  ArrowRight: (i, last) => (i < last ? i + 1 : 0),
  Home: () => 0,
  End: (_, last) => last,
};

/** Moves the focus among the tabs of a list, as keys are pressed in it. */
export function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = STEPS[event.key];
  if (!step || event.shiftKey) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
  const i = tabs.findIndex((tab) => tab === document.activeElement);
  event.preventDefault();
  tabs[step(i, tabs.length - 1)]?.focus();
}
