import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Told } from '../contract.ts';
import type { Session } from '../session.ts';
import { beside, focusPage } from './place.ts';

const NAMES = {
  date: 'Date',
  'datetime-local': 'Date and time',
  month: 'Month',
  week: 'Week',
  time: 'Time',
  color: 'Color',
};

/** The picker of this machine's browser, in place of one that no picture shows. */
export function Picker({ picker, session }: { picker: Told<'picker'>; session: Session }) {
  const { type, min, max, step } = picker;
  const field = useRef<HTMLInputElement>(null);
  const value = useSignal(picker.value);
  useLayoutEffect(() => {
    field.current?.focus();
    try {
      field.current?.showPicker();
    } catch {
      // Frames of other sites may not; the field itself opens it.
    }
  }, []);
  const pick = (picked: string) => {
    session.send({ t: 'pick', picker: picker.picker, value: picked });
    session.picker.value = undefined;
    focusPage();
  };
  return (
    <form
      class="card picker"
      style={beside(picker.at, session.screen)}
      onSubmit={(event) => {
        event.preventDefault();
        pick(value.value);
      }}
      onKeyDown={(event) => {
        // The same value as before closes the browser's own picker.
        if (event.key === 'Escape') pick(picker.value);
      }}
    >
      <input
        ref={field}
        type={type}
        aria-label={NAMES[type]}
        value={value.value}
        min={min || undefined}
        max={max || undefined}
        step={step || undefined}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
      <button class="primary" type="submit">
        Set
      </button>
    </form>
  );
}
