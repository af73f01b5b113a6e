import { pagesOf } from '../api.ts';
import type { Extension, Profile } from '../contract.ts';
import { Facts } from '../facts.tsx';
import { useAll } from '../form/use-all.ts';
import { hrefOf } from '../route.ts';
import { Section } from '../section.tsx';
import { written } from '../times.ts';

interface Page {
  extensions: Extension[];
  nextCursor?: string;
}

/** How the browsers of the profile are set up. */
export function FactsSection({ profile }: { profile: Profile }) {
  const { config, fingerprint, extensionIds, createdAt, id } = profile;
  const { proxy, humanize, humanizePersonaId, solveCaptchas } = config;
  const { locale, timezone, viewport, userAgent } = fingerprint;
  const person = humanizePersonaId === undefined ? '' : `, persona ${humanizePersonaId}`;
  return (
    <Section title="Settings">
      <Facts
        facts={[
          ['Proxy', proxy ? `${proxy.type} ${proxy.host}:${proxy.port}` : 'none'],
          ['Human-like input', humanize ? `on${person}` : 'off'],
          ['Captcha solving', solveCaptchas ? 'on' : 'off'],
          ['Language', locale],
          ['Time zone', timezone],
          ['Viewport', viewport && `${viewport.width} × ${viewport.height}`],
          ['User agent', userAgent],
          ['Extensions', extensionIds.length > 0 && <ExtensionLinks ids={extensionIds} />],
          ['Created', written(createdAt)],
          ['Id', id],
        ]}
      />
      <p class="dim">
        Changed settings apply from the next start on. A fork begins with the same settings.
      </p>
    </Section>
  );
}

function ExtensionLinks({ ids }: { ids: string[] }) {
  const { items } = useAll(
    (signal) => pagesOf<Page>('/v1/browser-extensions', { signal }),
    ({ extensions }) => extensions,
  );
  return (
    <>
      {ids.map((id, i) => (
        <span key={id}>
          {i > 0 && ', '}
          <a href={hrefOf('extensions', id)}>
            {items.value?.find((one) => one.id === id)?.name ?? id.slice(0, 8)}
          </a>
        </span>
      ))}
    </>
  );
}
