import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

/** A page whose code is not in the first script: it is loaded when somebody opens the page. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const loaded = signal<{ Page: ComponentType<P> } | undefined>(undefined);
  const isMissing = signal(false);
  const open = async () => {
    if (loaded.value) return;
    try {
      loaded.value = { Page: await load() };
      requestAnimationFrame(focusHeading);
    } catch {
      isMissing.value = true;
    }
  };
  return (props) => {
    useEffect(() => void open(), []);
    if (loaded.value) return <loaded.value.Page {...props} />;
    return <main class="page">{isMissing.value && <Missing />}</main>;
  };
}

/** As `navigate` does, for which the page was not there yet. */
function focusHeading(): void {
  if (document.activeElement !== document.body) return;
  document.querySelector<HTMLElement>('main h1')?.focus();
}

function Missing() {
  return (
    <div class="notice" role="alert">
      <p>
        This page could not be loaded: the service is out of reach, or runs in another version now.
      </p>
      <button class="framed" type="button" onClick={() => location.reload()}>
        Load the console again
      </button>
    </div>
  );
}
