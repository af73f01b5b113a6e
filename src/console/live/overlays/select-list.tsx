import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { PopupOption, Told } from '../contract.ts';
import type { Screen } from '../screen.ts';
import type { Session } from '../session.ts';
import { beside, focusPage } from './place.ts';
import { nextOption, TypeAhead } from './option-keys.ts';

const FONT_PX = 14;
const FONT_MIN_PX = 12;
const FONT_MAX_PX = 16;

/** A select list of the page, which no picture shows. */
export function SelectList({ popup, session }: { popup: Told<'popup'>; session: Session }) {
  const { options, isMultiple } = popup;
  const place = useRef<HTMLDivElement>(null);
  const chosen = useSignal(new Set(options.flatMap((one, i) => (one.isSelected ? [i] : []))));
  const active = useSignal(firstActive(options));
  const typed = useRef(new TypeAhead());
  useLayoutEffect(() => place.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    place.current?.querySelector(`#option-${active.value}`)?.scrollIntoView({ block: 'nearest' });
  }, [active.value]);

  /** Without places, nothing is chosen, and the browser's own list is closed. */
  const choose = (places: number[]) => {
    session.send({ t: 'choose', popup: popup.popup, options: places });
    session.popup.value = undefined;
    focusPage();
  };
  const pick = (i: number) => {
    if (options[i]?.isDisabled !== false) return;
    if (!isMultiple) return choose([i]);
    active.value = i;
    const others = new Set(chosen.value);
    if (!others.delete(i)) others.add(i);
    chosen.value = others;
  };
  const chooseAll = () => choose([...chosen.value].toSorted((a, b) => a - b));
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if (key === 'Escape' || key === 'Tab') choose([]);
    else if (key === 'Enter' && isMultiple) chooseAll();
    else if (key === 'Enter' || (key === ' ' && typed.current.isEmpty)) pick(active.value);
    else if (key.length === 1) active.value = typed.current.find(options, key) ?? active.value;
    else active.value = nextOption(options, active.value, key) ?? active.value;
    event.preventDefault();
  };
  return (
    <div
      class="card popup"
      style={{ ...beside(popup.at, session.screen), fontSize: fontSize(session.screen) }}
    >
      <div
        class="options"
        ref={place}
        role="listbox"
        tabIndex={0}
        aria-label="Options"
        aria-multiselectable={isMultiple}
        aria-activedescendant={active.value < 0 ? undefined : `option-${active.value}`}
        onKeyDown={onKeyDown}
      >
        {grouped(options).map(({ group, places }) => (
          <Group key={places[0]} label={group}>
            {places.map((i) => (
              <div
                key={i}
                id={`option-${i}`}
                role="option"
                class="option"
                aria-selected={chosen.value.has(i)}
                aria-disabled={options[i]?.isDisabled}
                data-active={i === active.value}
                onPointerMove={() => {
                  if (!options[i]?.isDisabled) active.value = i;
                }}
                onClick={() => pick(i)}
              >
                {options[i]?.label || '\u00a0'}
              </div>
            ))}
          </Group>
        ))}
      </div>
      {isMultiple && (
        <div class="actions">
          <button class="primary" type="button" onClick={chooseAll}>
            Done
          </button>
        </div>
      )}
    </div>
  );
}

function Group({ label, children }: { label: string | null; children: ComponentChildren }) {
  if (label === null) return <>{children}</>;
  return (
    <div role="group" aria-label={label}>
      <div class="group-label" aria-hidden="true">
        {label}
      </div>
      {children}
    </div>
  );
}

/** As large as the text of most sites is in the picture, within what is easy to read. */
function fontSize(screen: Screen): string {
  const px = FONT_PX * screen.box.value.scale;
  return `${Math.min(Math.max(px, FONT_MIN_PX), FONT_MAX_PX).toFixed(1)}px`;
}

function firstActive(options: PopupOption[]): number {
  const selected = options.findIndex(({ isSelected }) => isSelected);
  return selected < 0 ? options.findIndex(({ isDisabled }) => !isDisabled) : selected;
}

/** The places of the options, those beside each other in one group together. */
function grouped(options: PopupOption[]): { group: string | null; places: number[] }[] {
  const groups: { group: string | null; places: number[] }[] = [];
  options.forEach(({ group }, i) => {
    const last = groups.at(-1);
    if (last && last.group === group) last.places.push(i);
    else groups.push({ group, places: [i] });
  });
  return groups;
}
