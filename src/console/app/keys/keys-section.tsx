import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { pagesOf } from '../api.ts';
import type { ApiKeys, CreatedApiKey } from '../contract.ts';
import { ListContent } from '../list-content.tsx';
import { Listed } from '../listed.ts';
import { ListingTable } from '../listing-table.tsx';
import { Section } from '../section.tsx';
import { KeyRow } from './key-row.tsx';
import { MadeKey } from './made-key.tsx';
import { NewKey } from './new-key.tsx';

const openList = () =>
  Listed.open(
    (signal) => pagesOf<ApiKeys>('/v1/api-keys', { signal }),
    ({ apiKeys }) => apiKeys,
  );

export function KeysSection() {
  const list = useMemo(openList, []);
  const isCreating = useSignal(false);
  const made = useSignal<CreatedApiKey | undefined>(undefined);
  useEffect(() => () => list.close(), []);
  const onMade = ({ key, ...row }: CreatedApiKey) => {
    isCreating.value = false;
    made.value = { key, ...row };
    list.put(row);
  };
  const create = (
    <button class="primary" type="button" onClick={() => (isCreating.value = true)}>
      New key
    </button>
  );
  return (
    <Section title="API keys" aside={create}>
      <ListContent list={list} what="keys" empty={<p class="dim">There is no key.</p>}>
        <ListingTable
          caption="API keys"
          className="keys"
          columns={[
            'Name',
            ['Allows', 'allows'],
            ['Workspaces', 'less'],
            ['Created', 'less'],
            ['Action', 'act'],
          ]}
        >
          {list.rows.value.map((key) => (
            <KeyRow key={key.id} apiKey={key} onRevoked={() => list.remove(key.id)} />
          ))}
        </ListingTable>
      </ListContent>
      {isCreating.value && <NewKey onMade={onMade} onClose={() => (isCreating.value = false)} />}
      {made.value && <MadeKey made={made.value} onClose={() => (made.value = undefined)} />}
    </Section>
  );
}
