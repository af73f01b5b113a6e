export * from './api-keys.ts';
export * from './organizations.ts';
export * from './runtimes.ts';
export * from './workspaces.ts';
