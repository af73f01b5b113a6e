import type { BrowserConfig } from '../../runtime-manager/runtime/index.ts';
import type { Sealing } from '../sealing.ts';

/** A configuration as it is stored: with its password sealed. */
export function sealConfig(config: BrowserConfig, secrets: Sealing): BrowserConfig {
  return withPassword(config, (password) => secrets.seal(password));
}

export function unsealConfig(config: BrowserConfig, secrets: Sealing): BrowserConfig {
  return withPassword(config, (password) => secrets.unseal(password));
}

/** A configuration without its password, for whoever looks at it. */
export function hidePassword(config: BrowserConfig): BrowserConfig {
  if (!config.proxy) return config;
  const { password: _, ...proxy } = config.proxy;
  return { ...config, proxy };
}

function withPassword(config: BrowserConfig, change: (password: string) => string): BrowserConfig {
  const { proxy } = config;
  if (proxy?.password === undefined) return config;
  return { ...config, proxy: { ...proxy, password: change(proxy.password) } };
}
