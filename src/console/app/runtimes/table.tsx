import { useRef } from 'preact/hooks';
import type { ListView } from './list-view.ts';
import { Row } from './row.tsx';
import { useMay } from '../scopes.ts';
import type { Thumbnails } from './thumbnails.ts';
import { useRowWindow } from './window.ts';

/** As in runtimes.css. */
const ROW_HEIGHT = 56;
const STEPS: Partial<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** A table of which only the rows in view are made, however many there are. */
export function Table({ view, thumbnails }: { view: ListView; thumbnails: Thumbnails }) {
  const place = useRef<HTMLDivElement>(null);
  const range = useRowWindow(place, ROW_HEIGHT);
  const rows = view.shown.value;
  // The list may have become shorter.
  const from = Math.min(range.value.from, Math.max(0, rows.length - 1));
  const inView = rows.slice(from, range.value.to);
  const { list } = view;
  return (
    <div
      ref={place}
      class="table"
      role="table"
      aria-label="Runtimes"
      aria-rowcount={rows.length + 1}
      onKeyDown={moveAmongRows}
    >
      <Head view={view} />
      <div role="rowgroup" class="rows" style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
        <div role="presentation" style={{ transform: `translateY(${from * ROW_HEIGHT}px)` }}>
          {inView.map((runtime, i) => (
            <Row
              key={runtime.id}
              runtime={runtime}
              index={from + i}
              view={view}
              thumbnails={thumbnails}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 && <p class="notice dim">Nothing that is loaded fits this text.</p>}
      {list.hasMore.value && (
        <button class="framed more" type="button" onClick={() => list.loadMore()}>
          Load older ones
        </button>
      )}
    </div>
  );
}

function Head({ view }: { view: ListView }) {
  const chosen = view.chosen.value.size;
  const all = view.shown.value.length;
  const mayWrite = useMay()('runtimes:write');
  return (
    <div role="rowgroup" class="table-head">
      <div class="row" role="row" aria-rowindex={1}>
        <div role="columnheader" class="choose">
          {mayWrite ? (
            <input
              type="checkbox"
              aria-label="Choose all that are shown"
              checked={chosen > 0 && chosen === all}
              indeterminate={chosen > 0 && chosen < all}
              onChange={({ currentTarget }) => view.chooseAll(currentTarget.checked)}
            />
          ) : (
            <span class="unseen">Choice</span>
          )}
        </div>
        <div role="columnheader">Alias</div>
        <div role="columnheader" class="state">
          Status
        </div>
        <div role="columnheader" class="driver">
          Driver
        </div>
        <div role="columnheader" class="time">
          In this state for
        </div>
        <div role="columnheader" class="time">
          Last used
        </div>
        <div role="columnheader" class="act">
          <span class="unseen">Action</span>
        </div>
      </div>
    </div>
  );
}

/** Moves from the name of a runtime to the next one by the arrow keys. */
function moveAmongRows(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = STEPS[event.key];
  const index = document.activeElement?.getAttribute('data-row');
  if (step === undefined || !index) return;
  event.preventDefault();
  const next = `[data-row="${Number(index) + step}"]`;
  event.currentTarget.querySelector<HTMLElement>(next)?.focus();
}
