import type { Profile } from '../contract.ts';
import { configIn, extensionIdsIn } from '../form/config-in.ts';
import { textIn } from '../form/proxy-fields.tsx';
import type { UpdateProfile } from '../profiles/contract.ts';
import { fingerprintIn } from '../profiles/fingerprint-fields.tsx';

/** What a form changes of a profile. What stays is left out, so that a proxy keeps its password. */
export function changesIn(form: FormData, profile: Profile): UpdateProfile {
  const name = textIn(form, 'name');
  const config = configIn(form, 'config');
  const fingerprint = fingerprintIn(form);
  const extensionIds = inOrder(extensionIdsIn(form, 'extensionIds'), profile.extensionIds);
  return {
    ...(name !== profile.name && { name }),
    ...(differs(configParts(config), configParts(profile.config)) && { config }),
    ...(differs(lookParts(fingerprint), lookParts(profile.fingerprint)) && { fingerprint }),
    ...(differs(extensionIds, profile.extensionIds) && { extensionIds }),
  };
}

/** Extensions are loaded in their order: those that stay keep it, and others follow. */
function inOrder(chosen: string[], before: string[]): string[] {
  const staying = before.filter((id) => chosen.includes(id));
  return [...staying, ...chosen.filter((id) => !before.includes(id))];
}

function configParts(config: ReturnType<typeof configIn> | Profile['config']): unknown[] {
  const { humanize = false, humanizePersonaId, solveCaptchas = false, proxy } = config;
  const { type, host, port, username } = proxy ?? {};
  const isNewPassword = proxy ? 'password' in proxy : false;
  return [humanize, humanizePersonaId, solveCaptchas, type, host, port, username, isNewPassword];
}

function lookParts({ locale, timezone, viewport, userAgent }: Profile['fingerprint']): unknown[] {
  return [locale, timezone, viewport?.width, viewport?.height, userAgent];
}

function differs(one: unknown[], other: unknown[]): boolean {
  return one.length !== other.length || one.some((part, i) => part !== other[i]);
}
