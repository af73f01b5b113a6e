import type { Proxy } from '../runtime/launch.ts';
import type { EgressRules } from '../runtime/egress-rules.ts';

/** How a browser's traffic leaves the machine, and where it may go. */
export interface Route {
  /** Undefined: directly. */
  proxy: Proxy | undefined;
  rules: EgressRules;
}

export interface Credentials {
  username: string;
  password: string;
}

export function credentialsOf({ username, password }: Proxy): Credentials | undefined {
  return username === undefined ? undefined : { username, password: password ?? '' };
}
