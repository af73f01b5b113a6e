/** The protocols that clients speak. */
export const PROTOCOLS = ['cdp', 'playwright', 'webdriver'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** How often a runtime's own connection of each protocol was revoked in the present life. */
export type ConnectionEpochs = Partial<Record<Protocol, number>>;

/** What a client may do: `observe` reads, and changes nothing. */
export const ACCESSES = ['control', 'observe'] as const;
export type Access = (typeof ACCESSES)[number];
