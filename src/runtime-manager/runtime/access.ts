/** The protocols that drivers speak. */
export const DRIVER_PROTOCOLS = ['cdp', 'playwright', 'webdriver'] as const;
export type DriverProtocol = (typeof DRIVER_PROTOCOLS)[number];

/** The protocols of programs. A runtime has a connection of its own for each. */
export const PROTOCOLS = [...DRIVER_PROTOCOLS, 'mcp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What connections are for: programs, or people who watch (`live`). */
export const CONNECTION_PROTOCOLS = [...PROTOCOLS, 'live'] as const;
export type ConnectionProtocol = (typeof CONNECTION_PROTOCOLS)[number];

/** How often a runtime's own connection of each protocol was revoked in the present life. */
export type ConnectionEpochs = Partial<Record<Protocol, number>>;

/** What a client may do: `observe` reads, and changes nothing. */
export const ACCESSES = ['control', 'observe'] as const;
export type Access = (typeof ACCESSES)[number];

/** Which tab a live view shows by itself: the one used last by anybody, or by programs alone. */
export const VIEWER_MODES = ['last_used', 'automation'] as const;
export type ViewerMode = (typeof VIEWER_MODES)[number];

/** What a connection of protocol `live` shows. */
export interface ViewOptions {
  /** Whether viewers get tabs, address and buttons; without these they cannot use them either. */
  showControls: boolean;
  viewerMode: ViewerMode;
}
