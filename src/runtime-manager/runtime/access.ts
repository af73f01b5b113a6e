/** What clients speak. */
export const PROTOCOLS = ['cdp', 'playwright', 'webdriver'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** How often the own connection of a runtime was revoked in its present life, of each protocol. */
export type ConnectionEpochs = Partial<Record<Protocol, number>>;

/** What a client may do: `observe` reads, and changes nothing. */
export const ACCESSES = ['control', 'observe'] as const;
export type Access = (typeof ACCESSES)[number];
