import { useEffect, useMemo } from 'preact/hooks';
import { ConnectionState } from '../connection-state.tsx';
import type { Profile } from '../contract.ts';
import { NotThere } from '../not-there.tsx';
import { HolderLinks } from '../profiles/holder-links.tsx';
import { hrefOf } from '../route.ts';
import { useMay } from '../scopes.ts';
import { loadWorkspaces } from '../workspaces.ts';
import { Actions } from './actions.tsx';
import { FactsSection } from './facts-section.tsx';
import { ImportSection } from './import-section.tsx';
import { ProfileView } from './profile-view.ts';
import { StartSection } from './start-section.tsx';
import { VersionsSection } from './versions-section.tsx';

export function ProfilePage({ id }: { id: string }) {
  const view = useMemo(() => new ProfileView(id), []);
  const may = useMay();
  const profile = view.profile.value;
  useEffect(() => {
    if (may('workspaces:read')) void loadWorkspaces();
    return () => view.close();
  }, []);
  useEffect(() => {
    document.title = `${profile?.name ?? 'Profile'} · bctrl`;
  }, [profile?.name]);
  return (
    <main class="page">
      <div class="page-head">
        <a href={hrefOf('profiles')}>Profiles</a>
        <h1 tabIndex={-1}>{profile?.name ?? 'Profile'}</h1>
        <p class="state" role="status">
          {profile && <OpenIn view={view} id={profile.id} />}
        </p>
        <ConnectionState stream={view.holders.stream} />
        {profile && <Actions profile={profile} view={view} />}
      </div>
      {profile && <HeldNote view={view} id={profile.id} />}
      {profile ? (
        <Panels profile={profile} view={view} />
      ) : (
        <NotThere error={view.error.value} list="profiles" />
      )}
    </main>
  );
}

function OpenIn({ view, id }: { view: ProfileView; id: string }) {
  const runtimes = view.holders.found.value.get(id) ?? [];
  if (runtimes.length === 0) return <span class="dim">Not in use</span>;
  return (
    <span>
      <span class="state-word" data-state="running">
        In use by
      </span>{' '}
      <HolderLinks runtimes={runtimes} />
    </span>
  );
}

/** What a start means while a runtime has the profile. */
function HeldNote({ view, id }: { view: ProfileView; id: string }) {
  if (!view.holders.found.value.has(id)) return null;
  return (
    <p class="held">
      Only one runtime at a time saves to a profile. While that one is up, a new runtime is refused
      with <code>profile.in_use</code>, unless it is read-only: then it gets a copy of the current
      version, which is discarded when it ends. Imports, and making a version current, are refused
      as well.
    </p>
  );
}

function Panels({ profile, view }: { profile: Profile; view: ProfileView }) {
  const may = useMay();
  return (
    <div class="panels">
      <div class="panels-main">
        {view.error.value && (
          <p class="wrong" role="alert">
            {view.error.value}
          </p>
        )}
        <VersionsSection profile={profile} view={view} />
        {may('profiles:write') && <ImportSection view={view} />}
      </div>
      <div class="panels-side">
        <FactsSection profile={profile} />
        <StartSection profile={profile} />
      </div>
    </div>
  );
}
