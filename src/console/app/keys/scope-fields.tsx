import type { Signal } from '@preact/signals';
import { useContext } from 'preact/hooks';
import { Issues, wrongWith } from '../form/issues.ts';
import type { Scope } from '../scopes.ts';
import { meaningOf } from './scope-words.ts';

interface ScopeFieldsProps {
  /** A key gives no more than it has itself. */
  offered: readonly Scope[];
  chosen: Signal<ReadonlySet<Scope>>;
}

/** What the key is to allow. */
export function ScopeFields({ offered, chosen }: ScopeFieldsProps) {
  const wrong = wrongWith(useContext(Issues), 'scopes');
  const choose = (scopes: readonly Scope[]) => {
    chosen.value = new Set(scopes);
  };
  const toggle = (scope: Scope, isChecked: boolean) => {
    const others = [...chosen.value].filter((one) => one !== scope);
    choose(isChecked ? [...others, scope] : others);
  };
  const presets = presetsOf(offered);
  const active = presets.find(([, scopes]) => isSame(chosen.value, scopes))?.[0];
  return (
    <fieldset aria-describedby={wrong && 'scopes-wrong'}>
      <legend>Allows</legend>
      <div class="buttons quick">
        {presets.map(([name, scopes]) => (
          <button
            key={name}
            class="framed"
            type="button"
            aria-pressed={name === active}
            onClick={() => choose(scopes)}
          >
            {name}
          </button>
        ))}
        <button
          class="framed"
          type="button"
          aria-pressed={active === undefined}
          onClick={() => active !== undefined && choose([])}
        >
          Custom
        </button>
      </div>
      <div class="scopes">
        {offered.map((scope) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={chosen.value.has(scope)}
              aria-invalid={wrong !== ''}
              onChange={({ currentTarget }) => toggle(scope, currentTarget.checked)}
            />
            <span class="two">
              <code>{scope}</code>
              <span class="dim">{meaningOf(scope)}</span>
            </span>
          </label>
        ))}
      </div>
      {wrong && (
        <p id="scopes-wrong" class="wrong">
          {wrong}
        </p>
      )}
    </fieldset>
  );
}

function presetsOf(offered: readonly Scope[]): [name: string, scopes: Scope[]][] {
  return [
    ['Read only', offered.filter((scope) => scope.endsWith(':read'))],
    ['Full access except admin', offered.filter((scope) => scope !== 'admin')],
  ];
}

function isSame(chosen: ReadonlySet<Scope>, scopes: Scope[]): boolean {
  return chosen.size === scopes.length && scopes.every((scope) => chosen.has(scope));
}
