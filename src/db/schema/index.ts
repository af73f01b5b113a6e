export * from './api-keys.ts';
export * from './browser-profiles.ts';
export * from './idempotency-keys.ts';
export * from './organizations.ts';
export * from './runtime-events.ts';
export * from './runtimes.ts';
export * from './sealing.ts';
export * from './workspaces.ts';
