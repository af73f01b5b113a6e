/** What an API key may be allowed: each operation of the API names those that it takes. */
export const SCOPES = [
  'runtimes:read',
  'runtimes:write',
  'runtimes:connect',
  'workspaces:read',
  'workspaces:write',
  'profiles:read',
  'profiles:write',
  'profiles:export',
  'extensions:read',
  'extensions:write',
  'files:read',
  'files:write',
  'webhooks:read',
  'webhooks:write',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What each allows, in words made for the customer. */
export const SCOPE_MEANINGS: Readonly<Record<Scope, string>> = {
  'runtimes:read': 'See runtimes, their events, connections and usage.',
  'runtimes:write': 'Create, start, stop, change and delete runtimes, and solve captchas in them.',
  'runtimes:connect':
    'Control browsers: see and create connection URLs, and use the URLs that require a key.',
  'workspaces:read': 'See workspaces.',
  'workspaces:write': 'Create, change and delete workspaces, with the runtimes in them.',
  'profiles:read': 'See browser profiles and their versions.',
  'profiles:write': 'Create, change, fork, restore and delete browser profiles, and import state.',
  'profiles:export':
    'Export the state of a browser profile: cookies and all other data that sites store.',
  'extensions:read': 'See browser extensions.',
  'extensions:write': 'Upload, import, rename and delete browser extensions.',
  'files:read': 'See and download files of storage namespaces and of runtimes.',
  'files:write': 'Store, move and delete files, and create and delete storage namespaces.',
  'webhooks:read': 'See webhooks and their deliveries.',
  'webhooks:write': 'Create, change, test and delete webhooks, and rotate their secrets.',
  admin:
    'Manage API keys, and operate the whole service: the audit, nodes, capacity and the doctor.',
};

/** What a key has that is not said to be limited: all but `admin`. */
export const MEMBER_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'admin');
