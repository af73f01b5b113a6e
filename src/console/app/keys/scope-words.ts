import type { Scope } from '../scopes.ts';

/** What each scope allows. */
const WORDS: Record<Scope, string> = {
  'runtimes:read': 'See runtimes, their events and recordings',
  'runtimes:write': 'Create, start, stop and delete runtimes',
  'runtimes:connect': 'Drive browsers, and watch them and their recordings',
  'workspaces:read': 'See workspaces',
  'workspaces:write': 'Create, change and delete workspaces',
  'profiles:read': 'See profiles and their versions',
  'profiles:write': 'Create, change and delete profiles',
  'profiles:export': 'Export profiles, with their cookies',
  'extensions:read': 'See extensions',
  'extensions:write': 'Upload, rename and delete extensions',
  'files:read': 'See and read files',
  'files:write': 'Store, move and delete files',
  'webhooks:read': 'See webhooks and their deliveries',
  'webhooks:write': 'Create, change and delete webhooks',
  admin: 'Manage API keys and nodes, and read the audit',
};

export function meaningOf(scope: Scope): string {
  return WORDS[scope];
}

const ALL = Object.keys(WORDS).length;

/** What a key allows, in a few words. */
export function allowedBy(scopes: readonly Scope[]): string {
  const has = new Set(scopes);
  if (has.size === ALL) return 'everything';
  if (has.size === ALL - 1 && !has.has('admin')) return 'everything except admin';
  return scopes.join(', ');
}
