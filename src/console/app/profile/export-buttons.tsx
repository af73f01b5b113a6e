import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sentenceOf } from '../api.ts';
import type { Profile } from '../contract.ts';
import { download } from '../download.ts';
import type { Version } from '../profiles/contract.ts';
import { bytes } from '../times.ts';
import { toast } from '../toasts.tsx';

const KINDS = [
  {
    part: 'export',
    name: 'Download full profile (.zip)',
    ending: 'zip',
    title: 'Everything that is saved, to be imported elsewhere. It contains sign-ins.',
  },
  {
    part: 'storage-state',
    name: 'Download cookies and storage (JSON)',
    ending: 'json',
    title: "As Playwright's storageState. It contains sign-ins.",
  },
] as const;

type Kind = (typeof KINDS)[number];

/** Has the browser save a version, in either form. */
export function ExportButtons({ version, profile }: { version: Version; profile: Profile }) {
  const received = useSignal<number | undefined>(undefined);
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const save = async ({ part, ending }: Kind) => {
    const { signal } = (leaving.current = new AbortController());
    const path = `/v1/browser-profiles/${profile.id}/versions/${version.version}/${part}`;
    const name = `${profile.name.replaceAll(/[^\w.-]+/g, '_')}-${version.version}.${ending}`;
    received.value = 0;
    try {
      await download(path, name, { onReceived: (count) => (received.value = count), signal });
    } catch (error) {
      if (!signal.aborted) toast(`Nothing was downloaded. ${sentenceOf(error)}`, { isBad: true });
    }
    received.value = undefined;
  };
  const count = received.value;
  if (count !== undefined) {
    return (
      <button class="framed" type="button" onClick={() => leaving.current.abort()}>
        {count === 0 ? 'Preparing…' : bytes(count)} <b>Cancel</b>
      </button>
    );
  }
  return (
    <>
      {KINDS.map((kind) => (
        <button
          key={kind.part}
          class="framed"
          type="button"
          title={kind.title}
          onClick={() => void save(kind)}
        >
          {kind.name}
          <span class="unseen"> of version {version.version}</span>
        </button>
      ))}
    </>
  );
}
