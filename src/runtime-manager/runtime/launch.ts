export const PROXY_TYPES = ['http', 'socks5'] as const;

/** How a runtime's browser is to be launched, as the customer asked for it. */
export type Launch =
  | {
      mode: 'profile';
      profileId: string;
      /** Uses a copy of the profile's newest state, which is thrown away. */
      readOnly?: boolean | undefined;
    }
  | {
      mode: 'ephemeral';
      config?: BrowserConfig | undefined;
      extensionIds?: string[] | undefined;
    };

export interface BrowserConfig {
  /** Whether clients' input is made as a person would give it. */
  humanize?: boolean | undefined;
  /** Which person; undefined: it follows from the profile's or runtime's id. Only with `humanize: true`. */
  humanizePersonaId?: number | undefined;
  proxy?: Proxy | null | undefined;
  solveCaptchas?: boolean | undefined;
}

export interface Proxy {
  host: string;
  port: number;
  type: (typeof PROXY_TYPES)[number];
  username?: string | undefined;
  password?: string | undefined;
}

/** The part of a proxy that may be shown. */
export type ProxyAddress = Pick<Proxy, 'type' | 'host' | 'port'>;

export function addressOf({ type, host, port }: Proxy): ProxyAddress {
  return { type, host, port };
}

/** Whether any fresh browser will do, because the launch asks for nothing special. */
export function isPlain(launch: Launch): boolean {
  if (launch.mode === 'profile') return false;
  const { config = {}, extensionIds = [] } = launch;
  return extensionIds.length === 0 && !config.proxy && !config.solveCaptchas;
}
