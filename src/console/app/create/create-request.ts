import type { CreateRuntime } from '../contract.ts';
import { configIn, extensionIdsIn } from '../form/config-in.ts';
import { textIn } from '../form/proxy-fields.tsx';

type Driver = NonNullable<CreateRuntime['driver']>;

export const DRIVERS = [
  ['playwright', 'Playwright'],
  ['puppeteer', 'Puppeteer'],
  ['selenium', 'Selenium'],
  ['stagehand', 'Stagehand'],
] as const satisfies readonly (readonly [Driver, string])[];

/** The request that a form means. What was left empty is left out, so that defaults apply. */
export function requestIn(form: FormData): CreateRuntime {
  const driver = DRIVERS.find(([value]) => value === textIn(form, 'driver'))?.[0];
  const recording = recordingIn(form);
  return {
    kind: 'browser',
    alias: textIn(form, 'alias'),
    ...(driver && { driver }),
    launch: textIn(form, 'launch.mode') === 'profile' ? profileIn(form) : ephemeralIn(form),
    ...numberIn(form, 'idleTimeoutSeconds'),
    ...numberIn(form, 'maxDurationSeconds'),
    ...egressIn(form),
    ...(recording !== undefined && { recording }),
  };
}

function profileIn(form: FormData) {
  const readOnly = form.has('launch.readOnly');
  const profileId = textIn(form, 'launch.profileId');
  return { mode: 'profile' as const, profileId, ...(readOnly && { readOnly }) };
}

function ephemeralIn(form: FormData) {
  const config = configIn(form, 'launch.config');
  const extensionIds = extensionIdsIn(form, 'launch.extensionIds');
  return {
    mode: 'ephemeral' as const,
    ...(Object.keys(config).length > 0 && { config }),
    ...(extensionIds.length > 0 && { extensionIds }),
  };
}

function numberIn(
  form: FormData,
  name: 'idleTimeoutSeconds' | 'maxDurationSeconds',
): Pick<CreateRuntime, 'idleTimeoutSeconds' | 'maxDurationSeconds'> {
  const text = textIn(form, name);
  return text === '' ? {} : { [name]: Number(text) };
}

function egressIn(form: FormData): Pick<CreateRuntime, 'egress'> {
  const [allow, deny] = [linesIn(form, 'egress.allow'), linesIn(form, 'egress.deny')];
  if (allow.length === 0 && deny.length === 0) return {};
  return {
    egress: { ...(allow.length > 0 && { allow }), ...(deny.length > 0 && { deny }) },
  };
}

function linesIn(form: FormData, name: string): string[] {
  return textIn(form, name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Undefined: as the service is configured. */
function recordingIn(form: FormData): CreateRuntime['recording'] {
  const wish = textIn(form, 'recording');
  if (wish === '') return undefined;
  if (wish === 'off') return false;
  return {
    pauseWhileHumanDrives: form.has('recording.pauseWhileHumanDrives'),
    keepQueries: form.has('recording.keepQueries'),
    diagnostics: form.has('recording.diagnostics'),
  };
}
