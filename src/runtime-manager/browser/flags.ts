import { wayOutFlags, type ForwarderPorts } from '../egress/dead-end.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import type { BrowserFlavor } from './flavor.ts';
import { viewportFlags } from './viewport.ts';

export interface ChromiumFlags {
  userDataDir: string;
  flavor: BrowserFlavor;
  sandbox: boolean;
  fingerprint: Fingerprint;
  /** By how much a window is higher than its page. */
  windowChromeHeight: number;
  /** The forwarder that is the browser's only way out. */
  forwarder: ForwarderPorts;
}

/** Only the last `--disable-features` counts for Chromium, so there is one list. */
const DISABLED_FEATURES = [
  // Each of these preloads a renderer of browser interface that nobody sees.
  'WebUIReloadButton',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  // A renderer in reserve for the next site costs every browser memory, and saves a few ms of some
  // pages.
  'SpareRendererForSitePerProcess',
  // A headless Chromium has this off, too: a page's first frame is shown when it is there.
  'PaintHolding',
  'Translate',
  'MediaRouter',
  'OptimizationHints',
  // Each connects to a server of Google's when the browser or a page starts.
  'AimEnabled',
  'AutofillServerCommunication',
  'PreconnectToSearch',
  'NetworkTimeServiceQuerying',
];

/**
 * On Linux a network service in its own process has no sandbox anyway
 * (`--service-sandbox-type=none`). Inside the browser process it has the same rights, and saves a
 * process: 16 MB, and a fifth of the CPU time of a start.
 */
const ENABLED_FEATURES = ['NetworkServiceInProcess2'];

/** Chromium itself refuses this port: not even the forwarder sees what is sent there. */
const NOWHERE = 'http://127.0.0.1:1';

/**
 * What `--headless=new` turns on, but not the switch itself: the switch makes Chromium call itself
 * HeadlessChrome, and a `--user-agent` against that would empty the client hints.
 */
const HEADLESS = [
  // The windows and the screen exist only in memory.
  '--ozone-platform=headless',
  // The processor draws WebGL.
  '--use-angle=swiftshader-webgl',
  '--noerrdialogs',
  // A page that prints goes on: the print preview would be a window that nobody sees or closes.
  '--disable-print-preview',
];

const FLAVORS: Record<BrowserFlavor, string[]> = {
  full: [],
  // Pages get no WebGL context. Everything else stays, also how the page itself is drawn.
  lean: ['--disable-3d-apis'],
};

const FLAGS = [
  ...HEADLESS,
  // The pipe is for the service: when the service dies, however it dies, the pipe closes and
  // Chromium exits. The port is for clients.
  '--remote-debugging-pipe',
  '--remote-debugging-port=0',
  // The service opens the first page, which is faster than the start-up window and tells its id.
  '--no-startup-window',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
  '--use-mock-keychain',
  '--hide-scrollbars',
  '--mute-audio',
  // Lets clients load extensions into the running browser, as far as their connections allow.
  '--enable-unsafe-extension-debugging',
  // The browser makes no traffic but the customer's. The URLs that remain lead nowhere.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-field-trial-config',
  '--disable-sync',
  '--disable-quic',
  // No UDP of WebRTC goes around the forwarder.
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--allow-browser-signin=false',
  `--gaia-url=${NOWHERE}`,
  `--gcm-checkin-url=${NOWHERE}`,
  `--component-updater=url-source=${NOWHERE}/`,
  `--apps-gallery-update-url=${NOWHERE}/`,
  // A page in the background is as much the customer's as the one in front.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  `--disable-features=${DISABLED_FEATURES.join(',')}`,
  `--enable-features=${ENABLED_FEATURES.join(',')}`,
];

/** The command line of one browser. Pure, and the only place that names Chromium flags. */
export function chromiumFlags(options: ChromiumFlags): string[] {
  const { userDataDir, flavor, sandbox, fingerprint, forwarder } = options;
  const { userAgent, locale } = fingerprint;
  return [
    ...FLAGS,
    ...FLAVORS[flavor],
    ...viewportFlags(options),
    `--user-data-dir=${userDataDir}`,
    ...wayOutFlags(forwarder),
    ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
    ...(locale === undefined ? [] : [`--lang=${locale}`]),
    ...(sandbox ? [] : ['--no-sandbox']),
  ];
}
