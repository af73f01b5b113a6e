import { proxyIn, textIn } from './proxy-fields.tsx';

/** The configuration that a form means; `at` is where `ConfigFields` are in it. */
export function configIn(form: FormData, at: string) {
  const proxy = proxyIn(form, `${at}.proxy`);
  const persona = textIn(form, `${at}.humanizePersonaId`);
  return {
    ...(form.has(`${at}.humanize`) && { humanize: true }),
    ...(persona !== '' && { humanizePersonaId: Number(persona) }),
    ...(form.has(`${at}.solveCaptchas`) && { solveCaptchas: true }),
    ...(proxy && { proxy }),
  };
}

/** The ids of the extensions that are checked in a form. */
export function extensionIdsIn(form: FormData, at: string): string[] {
  return form.getAll(at).filter((id) => typeof id === 'string');
}
