import { RuntimeError } from '../errors.ts';
import type { ProfileWriter } from './browser-profile.ts';

export function profileNotFound(): RuntimeError {
  return new RuntimeError('profile.not_found', 'There is no such profile.');
}

export function versionNotFound(): RuntimeError {
  return new RuntimeError('profile.version_not_found', 'The profile has no such version.');
}

/** The refusal of a second writer, which names the first; the first may be gone meanwhile. */
export function profileInUse(writer: ProfileWriter | undefined, cause?: unknown): RuntimeError {
  const who = writer ? `The runtime ${writer.alias}` : 'Another runtime';
  return new RuntimeError('profile.in_use', `${who} is using this profile.`, {
    cause,
    ...(writer && { details: { ...writer, since: writer.since.toISOString() } }),
  });
}
