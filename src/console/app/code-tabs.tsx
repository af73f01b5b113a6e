import { useSignal } from '@preact/signals';
import { moveFocus } from '../shared/move-focus.ts';
import { CopyButton } from './copy-button.tsx';

export interface Code {
  name: string;
  lines: string;
  /** What is shown, where it is not the same as what is copied. */
  shown?: string;
}

/** Lines of code for each of several libraries, ready to copy. */
export function CodeTabs({ label, all }: { label: string; all: Code[] }) {
  const chosen = useSignal(all[0]?.name ?? '');
  const {
    name,
    lines,
    shown = lines,
  } = all.find((one) => one.name === chosen.value) ?? {
    name: '',
    lines: '',
  };
  return (
    <div class="code">
      <div class="code-head">
        <div class="tabs" role="tablist" aria-label={label} onKeyDown={moveFocus}>
          {all.map((one) => (
            <button
              key={one.name}
              type="button"
              role="tab"
              id={`tab-${one.name}`}
              aria-controls="tab-code"
              aria-selected={one.name === name}
              tabIndex={one.name === name ? 0 : -1}
              onFocus={() => (chosen.value = one.name)}
              onClick={() => (chosen.value = one.name)}
            >
              {one.name}
            </button>
          ))}
        </div>
        <CopyButton text={lines} of={`the lines for ${name}`} />
      </div>
      <pre id="tab-code" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${name}`}>
        <code>{shown}</code>
      </pre>
    </div>
  );
}
