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
  const members = offered.filter((scope) => scope !== 'admin');
  return (
    <fieldset aria-describedby={wrong && 'scopes-wrong'}>
      <legend>Allows</legend>
      <div class="buttons quick">
        <button class="framed" type="button" onClick={() => choose(members)}>
          All but admin
        </button>
        <button
          class="framed"
          type="button"
          onClick={() => choose(offered.filter((scope) => scope.endsWith(':read')))}
        >
          Only to look
        </button>
        <button class="framed" type="button" onClick={() => choose([])}>
          None
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
