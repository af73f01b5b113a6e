import { useSignal } from '@preact/signals';

const SHOWN_MS = 1500;

/** Copies a text; `of` says for screen readers which. */
export function CopyButton({ text, of }: { text: string; of: string }) {
  const isCopied = useSignal(false);
  const copy = async () => {
    await write(text);
    isCopied.value = true;
    setTimeout(() => (isCopied.value = false), SHOWN_MS);
  };
  return (
    <button class="framed copy" type="button" onClick={() => void copy()}>
      <span aria-live="polite">{isCopied.value ? 'Copied' : 'Copy'}</span>
      <span class="unseen"> {of}</span>
    </button>
  );
}

async function write(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // There is no clipboard without HTTPS, but this works within a click.
    const onCopy = (event: ClipboardEvent) => {
      event.preventDefault();
      event.clipboardData?.setData('text/plain', text);
    };
    document.addEventListener('copy', onCopy, { once: true, capture: true });
    document.execCommand('copy');
    document.removeEventListener('copy', onCopy, { capture: true });
  }
}
