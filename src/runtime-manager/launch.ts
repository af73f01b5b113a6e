import { RuntimeError } from './errors.ts';

export const PROXY_TYPES = ['http', 'socks5'] as const;

/** How a runtime's browser is to be launched, as the customer asked for it. */
export type Launch =
  | {
      mode: 'profile';
      profileId: string;
      /** With a copy of the profile's newest state, which is thrown away. */
      readOnly?: boolean | undefined;
    }
  | {
      mode: 'ephemeral';
      config?: BrowserConfig | undefined;
      extensionIds?: string[] | undefined;
    };

export interface BrowserConfig {
  humanize?: boolean | undefined;
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

/** What may be shown of a proxy. */
export type ProxyAddress = Pick<Proxy, 'type' | 'host' | 'port'>;

export function addressOf({ type, host, port }: Proxy): ProxyAddress {
  return { type, host, port };
}

/**
 * Refuses what this version cannot carry out, rather than launch a browser without it.
 */
export function assertSupported(launch: Launch): void {
  const field = unsupportedField(launch);
  if (field === undefined) return;
  throw new RuntimeError(
    'runtime.unsupported',
    `This version cannot carry out ${field} as asked.`,
    {
      details: { field },
    },
  );
}

function unsupportedField(launch: Launch): string | undefined {
  if (launch.mode === 'profile') return undefined;
  const config = launch.config ?? {};
  if (config.humanize) return 'launch.config.humanize';
  if (config.humanizePersonaId !== undefined) return 'launch.config.humanizePersonaId';
  if (config.solveCaptchas) return 'launch.config.solveCaptchas';
  return undefined;
}
