import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Profile } from '../contract.ts';
import { KINDS } from '../profiles/profile-words.ts';
import type { Version } from '../profiles/contract.ts';
import { useMay } from '../scopes.ts';
import { since, bytes, written } from '../times.ts';
import { toast } from '../toasts.tsx';
import { ExportButtons } from './export-buttons.tsx';
import { ForkDialog } from './fork-dialog.tsx';
import { Origin } from './origins.tsx';
import type { ProfileView } from './profile-view.ts';

interface VersionLineProps {
  version: Version;
  profile: Profile;
  view: ProfileView;
}

export function VersionLine({ version, profile, view }: VersionLineProps) {
  const { kind, isCurrent, createdAt, sizeBytes, runtimeId } = version;
  return (
    <li>
      <span class="two">
        <span>
          <b>Version {version.version}</b> {isCurrent && <span class="badge">current</span>}
        </span>
        <span class="dim">
          {KINDS[kind]} <span title={written(createdAt)}>{since(createdAt)}</span>,{' '}
          {bytes(sizeBytes)}
          {runtimeId && (
            <>
              , from <Origin runtimeId={runtimeId} />
            </>
          )}
        </span>
      </span>
      <Buttons version={version} profile={profile} view={view} />
    </li>
  );
}

function Buttons({ version, profile, view }: VersionLineProps) {
  const may = useMay();
  const isForking = useSignal(false);
  const of = <span class="unseen"> version {version.version}</span>;
  return (
    <div class="buttons">
      {may('profiles:write') && !version.isCurrent && (
        <button class="framed" type="button" onClick={() => void restore(version, view)}>
          Make current{of}
        </button>
      )}
      {may('profiles:write') && (
        <button class="framed" type="button" onClick={() => (isForking.value = true)}>
          Fork{of}
        </button>
      )}
      {may('profiles:export') && <ExportButtons version={version} profile={profile} />}
      {isForking.value && (
        <ForkDialog
          profile={profile}
          version={version.version}
          onClose={() => (isForking.value = false)}
        />
      )}
    </div>
  );
}

async function restore({ version }: Version, view: ProfileView): Promise<void> {
  const text =
    'The next runtime that starts from the profile begins with it. No version is deleted.';
  const title = `Make version ${version} current?`;
  if (!(await confirm({ title, text, verb: 'Make current', isSafe: true }))) return;
  try {
    await call('POST', `${view.path}/versions/${version}/restore`);
    toast(`Version ${version} is current.`);
  } catch (error) {
    toast(`The current version is the same as before. ${sentenceOf(error)}`, { isBad: true });
  }
  await view.load();
}
