import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Profile, Runtime } from '../contract.ts';
import { hrefOf } from '../route.ts';
import { since, bytes, written } from '../times.ts';
import { HolderLinks } from './holder-links.tsx';
import { settingsOf } from './profile-words.ts';
import type { SavedStates } from './saved-states.ts';

interface RowProps {
  profile: Profile;
  states: SavedStates;
  /** The runtimes that have it open. */
  holders: Runtime[];
  /** Undefined: the key may not start runtimes. */
  onStart: ((profile: Profile) => void) | undefined;
}

export function Row({ profile, states, holders, onStart }: RowProps) {
  const { id, name, currentVersion } = profile;
  const place = useRef<HTMLTableRowElement>(null);
  // Each version that becomes current changes what there is to say.
  useLayoutEffect(
    () => (place.current ? states.observe(place.current, profile) : undefined),
    [id, currentVersion],
  );
  const versions = states.found.value.get(id);
  const current = versions?.find(({ isCurrent }) => isCurrent);
  const saved = current ? since(current.createdAt) : '';
  return (
    <tr ref={place}>
      <th scope="row">
        <span class="two">
          <a href={hrefOf('profiles', id)}>{name}</a>
          <span class="dim">
            {holders.length > 0 && (
              <span class="when-narrow">
                in use by <HolderLinks runtimes={holders} />
              </span>
            )}
            <span class={holders.length > 0 ? 'when-wide' : ''}>{settingsOf(profile)}</span>
          </span>
        </span>
      </th>
      <td title={current ? written(current.createdAt) : ''}>
        {currentVersion === null ? <span class="dim">never</span> : saved}
      </td>
      <td class="number less">{current ? bytes(current.sizeBytes) : ''}</td>
      <td class="number less">{versions?.length ?? ''}</td>
      <td class="open-in less">
        <HolderLinks runtimes={holders} />
      </td>
      <td class="act">
        {onStart && (
          <button class="framed" type="button" onClick={() => onStart(profile)}>
            {holders.length > 0 ? 'Start copy' : 'Start'}
            <span class="unseen"> a runtime from {name}</span>
          </button>
        )}
      </td>
    </tr>
  );
}
