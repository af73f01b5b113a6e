export { Bctrl, type BctrlOptions, type NewRuntime } from './bctrl.ts';
export { BctrlError, type Issue } from './bctrl-error.ts';
export { Runtime, type EventOptions, type ExecuteOptions } from './runtime.ts';
export type { components, operations, paths } from './api.ts';
export type * from './types.ts';
