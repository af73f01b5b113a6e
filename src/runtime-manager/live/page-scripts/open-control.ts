declare global {
  /** The select list or input that was found open last, in the service's own world. */
  var openControl: HTMLSelectElement | HTMLInputElement | undefined;
}

/**
 * How many enabled options lie between the chosen one and the one to choose, negative above it; null
 * when the list is not open any more, or has no such option.
 */
export function stepsTo(index: number): number | null {
  const select = globalThis.openControl;
  if (!(select instanceof HTMLSelectElement) || !select.matches(':open')) return null;
  const isEnabled = (option: HTMLOptionElement) =>
    !option.disabled &&
    !(option.parentElement instanceof HTMLOptGroupElement && option.parentElement.disabled);
  const enabled = [...select.options].filter(isEnabled);
  const wanted = select.options[index];
  const to = wanted ? enabled.indexOf(wanted) : -1;
  const current = select.options[select.selectedIndex];
  return to < 0 ? null : to - (current ? enabled.indexOf(current) : -1);
}

/** Whether the control is open still. */
export function isOpen(): boolean {
  return globalThis.openControl?.matches(':open') === true;
}

/** Gives the control a value as a person would, as far as a script can. */
export function setValue(value: string | number): boolean {
  const control = globalThis.openControl;
  if (!control?.isConnected || control.disabled) return false;
  if (control instanceof HTMLSelectElement) control.selectedIndex = Number(value);
  else control.value = String(value);
  for (const type of ['input', 'change']) {
    control.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' }));
  }
  return true;
}
