import type { Profile } from '../contract.ts';
import type { Version } from '../profiles/contract.ts';
import { Section } from '../section.tsx';
import { RunOrigins, useOrigins } from './origins.tsx';
import type { ProfileView } from './profile-view.ts';
import { VersionLine } from './version-line.tsx';

/** What is saved of the profile, newest first. */
export function VersionsSection({ profile, view }: { profile: Profile; view: ProfileView }) {
  const versions = view.versions.value ?? [];
  const origins = useOrigins(view);
  return (
    <Section title="Versions">
      {versions.length === 0 && (
        <p class="dim">
          None yet. A runtime that starts from the profile saves a version when it ends. An import
          also makes one.
        </p>
      )}
      <RunOrigins.Provider value={origins.value}>
        <ul class="lines versions" aria-label="Versions">
          {versions.map((version) => (
            <VersionLine key={version.version} version={version} profile={profile} view={view} />
          ))}
        </ul>
      </RunOrigins.Provider>
      {versions.length > 0 && (
        <p class="dim">
          Downloads contain sign-ins: whoever has one can use the accounts of the profile.
          {hasGaps(versions) && ' Numbers are missing where the service has removed old versions.'}
        </p>
      )}
    </Section>
  );
}

/** Whether a version between the first and the newest one is no longer there. */
function hasGaps(versions: Version[]): boolean {
  return Math.max(...versions.map(({ version }) => version)) > versions.length;
}
