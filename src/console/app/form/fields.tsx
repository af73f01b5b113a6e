import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import { Issues, wrongWith } from './issues.ts';

interface FieldProps {
  /** The path of the field in the request, by which the service names it too. */
  name: string;
  label: string;
  hint?: string | undefined;
}

interface TextProps extends FieldProps {
  value?: string | undefined;
  isNumber?: boolean;
  isSecret?: boolean;
  placeholder?: string;
}

/** A field with its label, what it is for, and what is wrong with it. */
function Field({
  name,
  label,
  hint,
  children,
}: FieldProps & { children: (attributes: FieldAttributes) => ComponentChildren }) {
  const wrong = wrongWith(useContext(Issues), name);
  const id = `field-${name}`;
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        name,
        'aria-invalid': wrong !== '',
        'aria-describedby': described || undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} class="dim">
          {hint}
        </p>
      )}
      {wrong && (
        <p id={`${id}-wrong`} class="wrong">
          {wrong}
        </p>
      )}
    </div>
  );
}

interface FieldAttributes {
  id: string;
  name: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

export function TextField({ value, isNumber, isSecret, placeholder, ...field }: TextProps) {
  const common = { defaultValue: value, placeholder, spellcheck: false };
  return (
    <Field {...field}>
      {(attributes) =>
        isSecret ? (
          <input {...attributes} {...common} type="password" autocomplete="new-password" />
        ) : (
          <input
            {...attributes}
            {...common}
            type="text"
            inputMode={isNumber ? 'numeric' : 'text'}
            autocomplete="off"
          />
        )
      }
    </Field>
  );
}

/** A text for each line. */
export function LinesField({ placeholder, ...field }: FieldProps & { placeholder?: string }) {
  return (
    <Field {...field}>
      {(attributes) => (
        <textarea {...attributes} rows={2} placeholder={placeholder} spellcheck={false} />
      )}
    </Field>
  );
}

interface SelectProps extends FieldProps {
  options: readonly (readonly [value: string, name: string])[];
  value?: string;
  onChange?: (value: string) => void;
}

export function SelectField({ options, value, onChange, ...field }: SelectProps) {
  return (
    <Field {...field}>
      {(attributes) => (
        <select
          {...attributes}
          {...(value !== undefined && { value })}
          onChange={({ currentTarget }) => onChange?.(currentTarget.value)}
        >
          {options.map(([option, name]) => (
            <option key={option} value={option}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps extends FieldProps {
  value?: string;
  /** Whether it is checked at first. */
  isChecked?: boolean | undefined;
  onChange?: (isChecked: boolean) => void;
}

/** A box to check, with its label beside it. */
export function CheckField({ name, label, hint, value = 'on', ...rest }: CheckProps) {
  const { isChecked = false, onChange } = rest;
  const wrong = wrongWith(useContext(Issues), name);
  const id = `field-${name}-${value}`;
  return (
    <div class="field check">
      <label>
        <input
          type="checkbox"
          name={name}
          value={value}
          defaultChecked={isChecked}
          aria-invalid={wrong !== ''}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={({ currentTarget }) => onChange?.(currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {hint && (
        <p id={`${id}-hint`} class="dim">
          {hint}
        </p>
      )}
      {wrong && <p class="wrong">{wrong}</p>}
    </div>
  );
}
