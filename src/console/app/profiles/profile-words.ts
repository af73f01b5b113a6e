import type { Profile } from '../contract.ts';
import type { Version } from './contract.ts';

/** How a version was made. */
export const KINDS: Record<Version['kind'], string> = {
  saved: 'Saved when the runtime ended',
  checkpoint: 'Saved while the runtime ran',
  recovered: 'Recovered after a crash',
  imported: 'Imported',
  forked: 'Copied from another profile',
};

/** How the browsers of a profile differ from others, in some words. */
export function settingsOf({ config, fingerprint, extensionIds }: Profile): string {
  const { proxy, humanize, solveCaptchas } = config;
  const { locale, timezone, viewport, userAgent } = fingerprint;
  const count = extensionIds.length;
  const parts = [
    proxy && `${proxy.type} proxy ${proxy.host}`,
    locale,
    timezone,
    viewport && `${viewport.width} × ${viewport.height}`,
    userAgent && 'own user agent',
    humanize && 'human-like input',
    solveCaptchas && 'solves captchas',
    count > 0 && (count === 1 ? '1 extension' : `${count} extensions`),
  ];
  return parts.filter(Boolean).join(', ') || 'as the service is configured';
}
