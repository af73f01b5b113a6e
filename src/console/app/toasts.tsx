import { signal } from '@preact/signals';

const SHOWN_MS = 6000;

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const shown = signal<Toast[]>([]);
let last = 0;

/** Says something for a while; what went wrong stays until it is closed. */
export function toast(text: string, { isBad = false }: { isBad?: boolean } = {}): void {
  const id = ++last;
  shown.value = [...shown.value.filter((one) => one.text !== text), { id, text, isBad }];
  if (!isBad) setTimeout(() => remove(id), SHOWN_MS);
}

function remove(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map(({ id, text, isBad }) => (
        <p key={id} class="card toast" data-bad={isBad}>
          <span>{text}</span>
          <button class="plain" type="button" onClick={() => remove(id)}>
            Close<span class="unseen"> this message</span>
          </button>
        </p>
      ))}
    </div>
  );
}
