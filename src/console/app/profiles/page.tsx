import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { pagesOf } from '../api.ts';
import { ConnectionState } from '../connection-state.tsx';
import type { Profile } from '../contract.ts';
import { CreateDialog } from '../create/create-dialog.tsx';
import { ListContent } from '../list-content.tsx';
import { Listed } from '../listed.ts';
import { ListingTable } from '../listing-table.tsx';
import { useMay } from '../scopes.ts';
import { loadWorkspaces } from '../workspaces.ts';
import { Holders } from './holders.ts';
import { NewProfile } from './new-profile.tsx';
import { Row } from './row.tsx';
import { SavedStates } from './saved-states.ts';
import { Teaching } from './teaching.tsx';

interface Page {
  profiles: Profile[];
  nextCursor?: string;
}

/** Opens what the page shows; `close` ends it. */
function openView() {
  const list = Listed.open(
    (signal) => pagesOf<Page>('/v1/browser-profiles', { signal }),
    ({ profiles }) => profiles,
  );
  const states = new SavedStates();
  const holders = new Holders(() => void list.load());
  const close = () => [list, states, holders].forEach((one) => one.close());
  return { list, states, holders, close };
}

export function ProfilesPage() {
  const view = useMemo(openView, []);
  const may = useMay();
  const isCreating = useSignal(false);
  const started = useSignal<Profile | undefined>(undefined);
  const { list, holders } = view;
  useEffect(() => {
    document.title = 'Profiles · bctrl';
    if (may('workspaces:read')) void loadWorkspaces();
    return () => view.close();
  }, []);
  const onStart = may('runtimes:write')
    ? (profile: Profile) => {
        started.value = profile;
      }
    : undefined;
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Profiles</h1>
        <ConnectionState stream={holders.stream} />
        {may('profiles:write') && (
          <button class="primary" type="button" onClick={() => (isCreating.value = true)}>
            New profile
          </button>
        )}
      </div>
      <ListContent list={list} what="profiles" empty={<Teaching />}>
        <Table view={view} onStart={onStart} />
      </ListContent>
      {isCreating.value && <NewProfile onClose={() => (isCreating.value = false)} />}
      {started.value && (
        <CreateDialog
          profile={{ id: started.value.id, isHeld: holders.found.value.has(started.value.id) }}
          onClose={() => (started.value = undefined)}
        />
      )}
    </main>
  );
}

interface TableProps {
  view: ReturnType<typeof openView>;
  onStart: ((profile: Profile) => void) | undefined;
}

function Table({ view: { list, states, holders }, onStart }: TableProps) {
  return (
    <ListingTable
      caption="Profiles"
      className="profiles"
      columns={[
        'Name',
        'Saved',
        ['Size', 'number less'],
        ['Versions', 'number less'],
        ['In use by', 'less'],
        ['Action', 'act'],
      ]}
    >
      {list.rows.value.map((profile) => (
        <Row
          key={profile.id}
          profile={profile}
          states={states}
          holders={holders.found.value.get(profile.id) ?? []}
          onStart={onStart}
        />
      ))}
    </ListingTable>
  );
}
