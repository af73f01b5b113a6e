/**
 * `namespaces`: own files, processes and network. `none`: the programs run beside the service, and
 * only the service's own checks hold.
 */
export const JAIL_LEVELS = ['namespaces', 'none'] as const;
export type JailLevel = (typeof JAIL_LEVELS)[number];

/**
 * `auto`: the strongest that works, with a warning for what is missing. `required`: the service does
 * not start without namespaces. `off`: none, for a machine where something else confines browsers.
 */
export const JAIL_MODES = ['auto', 'required', 'off'] as const;
export type JailMode = (typeof JAIL_MODES)[number];
