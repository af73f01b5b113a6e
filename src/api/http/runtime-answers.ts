import type { Context } from 'hono';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { Actor, Page, Protocol, Runtime } from '../../runtime-manager/runtime/index.ts';
import { connectionUrl } from './connection-urls.ts';
import type { PublicAddress } from './public-address.ts';
import type { ApiEnv } from './api-env.ts';
import { toRuntimeBody } from '../schemas/runtime.ts';

export interface RuntimeAnswerParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

/** Makes the bodies of runtimes, with the URLs that reach them now. */
export function runtimeAnswers({ runtimes, addressOf }: RuntimeAnswerParts) {
  const oneOfMany = (c: Context<ApiEnv>, runtime: Runtime) =>
    toRuntimeBody(
      runtime,
      mayConnect(c.var.actor) ? connectionOf(runtime, runtimes, addressOf(c)) : undefined,
    );
  /** Also names the runtime in the request's log line. */
  const only = (c: Context<ApiEnv>, runtime: Runtime) => {
    c.set('runtimeId', runtime.id);
    return oneOfMany(c, runtime);
  };
  const page = (c: Context<ApiEnv>, { items, nextCursor }: Page<Runtime>) => ({
    runtimes: items.map((runtime) => oneOfMany(c, runtime)),
    nextCursor,
  });
  return { only, page };
}

/** A connection URL is a credential, so a key that may only read gets none. */
function mayConnect({ scopes }: Actor): boolean {
  return scopes.includes('runtimes:connect');
}

function connectionOf(runtime: Runtime, runtimes: RuntimeManager, address: string) {
  const issued = runtimes.access.issueTickets(runtime);
  if (!issued) return undefined;
  const urlOf = (protocol: Protocol) =>
    connectionUrl(address, protocol, issued.tickets.get(protocol) ?? '');
  return {
    cdpUrl: urlOf('cdp'),
    playwrightUrl: urlOf('playwright'),
    webdriverUrl: urlOf('webdriver'),
    mcpUrl: urlOf('mcp'),
    expiresAt: issued.expiresAt.toISOString(),
  };
}
