import { z } from 'zod';

/** The manifest keys that Chromium gets to see: they concern pages and the extension itself. */
const KEPT = new Set([
  'action',
  'author',
  'background',
  'chrome_url_overrides',
  'commands',
  'content_scripts',
  'content_security_policy',
  'converted_from_user_script',
  'cross_origin_embedder_policy',
  'cross_origin_opener_policy',
  'current_locale',
  'declarative_net_request',
  'default_locale',
  'description',
  'devtools_page',
  'differential_fingerprint',
  'event_rules',
  'externally_connectable',
  'homepage_url',
  'host_permissions',
  'icon_variants',
  'icons',
  'incognito',
  'key',
  'manifest_version',
  'minimum_chrome_version',
  'name',
  'oauth2',
  'offline_enabled',
  'omnibox',
  'optional_host_permissions',
  'optional_permissions',
  'options_page',
  'options_ui',
  'permissions',
  'requirements',
  'sandbox',
  'short_name',
  'side_panel',
  'storage',
  'theme',
  'trial_tokens',
  'tts_engine',
  'update_url',
  'version',
  'version_name',
  'web_accessible_resources',
]);

const FILES = 'it opens files of the machine';
const DEVICES = 'it reaches devices and networks of the machine';
const CODE = 'it runs code of the machine, or code that is not in the package';
const ADDRESSES = 'it takes over addresses and files of every page';

/**
 * An extension that has one of these keys most likely needs what the key gives, and does not get it
 * here.
 */
export const REFUSED_KEYS = {
  app: refused('it makes the extension an app'),
  automation: refused('it reads and acts in every program of the machine'),
  bluetooth: refused(DEVICES),
  content_capabilities: refused('it gives pages rights of the extension'),
  export: refused(CODE),
  file_browser_handlers: refused(FILES),
  file_handlers: refused(FILES),
  file_system_provider_capabilities: refused(FILES),
  import: refused(CODE),
  input_components: refused(DEVICES),
  mime_types: refused(ADDRESSES),
  mime_types_handler: refused(ADDRESSES),
  nacl_modules: refused(CODE),
  natively_connectable: refused(CODE),
  plugins: refused(CODE),
  protocol_handlers: refused(ADDRESSES),
  sockets: refused(DEVICES),
  usb_printers: refused(DEVICES),
};

function refused(reason: string) {
  return z.never({ error: `This key is not taken here: ${reason}` }).optional();
}

/** A manifest with only the keys that Chromium gets to see, and the names of the others. */
export function withoutUnknownKeys(manifest: object): { kept: object; leftOut: string[] } {
  const entries = Object.entries(manifest);
  const kept = entries.filter(([key]) => KEPT.has(key));
  const leftOut = entries.filter(([key]) => !KEPT.has(key)).map(([key]) => key);
  return { kept: Object.fromEntries(kept), leftOut };
}
