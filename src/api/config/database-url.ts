import { z } from 'zod';

const FORM = 'postgres://user:password@host:5432/database';
const SCHEME = /^postgres(?:ql)?:\/\//i;
/** No part has a character by which the next part would begin. */
const WHOLE =
  /^(?:[^@/?#:]*(?::[^@/?#]*)?@)?(?:\[[\da-f:.]+\]|[^@/?#[\]:]*)(?::\d{1,5})?(?:\/[^@/?#]*)?(?:\?[^#@]*)?$/i;

/** The URL of a Postgres. The message about any other text quotes no part of it. */
export const DatabaseUrl = z.string().superRefine((url, context) => {
  const message = faultOf(url);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

function faultOf(url: string): string | undefined {
  if (!SCHEME.test(url)) return `is not of the form ${FORM}`;
  if (WHOLE.test(url.replace(SCHEME, '')) && isDecodable(url)) return undefined;
  return `is not of the form ${FORM}; percent-encode special characters in the password and the other parts (# is %23, / is %2F, @ is %40, : is %3A, ? is %3F, % is %25)`;
}

/** Whether a URL can be parsed, and all that is percent-encoded in it read. */
export function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(new URL(url).href);
    return true;
  } catch {
    return false;
  }
}
