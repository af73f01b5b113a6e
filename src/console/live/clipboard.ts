import { signal } from '@preact/signals';

/** Puts what is copied in the browser onto the clipboard of whoever drives it. */
export class Clipboard {
  /** What this machine's browser did not let the page copy without a click. */
  readonly refused = signal<string | undefined>(undefined);

  write(text: string): void {
    this.refused.value = undefined;
    if (text === '') return;
    // Works for a few seconds after the keys that copied; there is no clipboard without HTTPS.
    const written: Promise<void> = navigator.clipboard
      ? navigator.clipboard.writeText(text)
      : Promise.reject(new Error('no clipboard'));
    written.catch(() => {
      this.refused.value = text;
    });
  }

  /** Copies within a click what was refused before. */
  copyRefused(): void {
    const text = this.refused.value;
    this.refused.value = undefined;
    if (text === undefined) return;
    const onCopy = (event: ClipboardEvent) => {
      event.preventDefault();
      event.clipboardData?.setData('text/plain', text);
    };
    document.addEventListener('copy', onCopy, { once: true, capture: true });
    // The only way that needs neither HTTPS nor a permission.
    document.execCommand('copy');
    document.removeEventListener('copy', onCopy, { capture: true });
  }
}
