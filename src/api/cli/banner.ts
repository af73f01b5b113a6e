import type { Config } from '../config/config.ts';

export interface BannerParts {
  url: string;
  /** The key generated at this start, which is shown now or never. */
  newApiKey: string | undefined;
  /** Signs in to the console once. */
  signInToken: string | undefined;
  role: Config['role'];
}

/** From this machine, a service on all addresses is reached on loopback. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

/** What a person needs to know once the service is up. */
export function banner({ url: listening, newApiKey, signInToken, role }: BannerParts): string {
  const url = reachable(listening);
  if (role === 'node') {
    return `\nbctrl is ready: this process is a node, and runs browsers for other processes.\n\n  Health     ${url}/readyz\n\n`;
  }
  const key = newApiKey ?? '$BCTRL_API_KEY';
  const console = `${url}/console`;
  return `
bctrl is ready.

  Address    ${url}
  Console    ${signInToken === undefined ? console : `${console}#link=${signInToken}   (signs in once, within an hour)`}
  Reference  ${url}/docs
${newApiKey === undefined ? LOST_KEY : `  API key    ${newApiKey}   (shown only once: save it)`}

Create a runtime:

  curl -sS ${url}/v1/workspaces/default/runtimes -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '{"alias":"first","kind":"browser"}'

`;
}

const LOST_KEY = `  API key    unchanged: set BCTRL_API_KEY to it for the command below, or create a new one: npm run keys -- create`;
