import type { Fingerprint } from '../profiles/profile.ts';

export interface ChromiumFlags {
  userDataDir: string;
  /** Without it a headless Chromium calls itself HeadlessChrome. */
  userAgent: string | undefined;
  sandbox: boolean;
  fingerprint: Fingerprint;
  /** By how much a window is higher than its page. */
  windowChromeHeight: number;
  /** The forwarder on loopback that is the browser's only way out. */
  proxyServer: string;
}

const WINDOW = { width: 1280, height: 720 };
const SCREEN = { width: 1920, height: 1080 };

/** Only the last `--disable-features` counts for Chromium, so there is one list. */
const DISABLED_FEATURES = [
  // Each of these preloads a renderer of browser interface that nobody sees.
  'WebUIReloadButton',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  // A renderer in reserve for the next site: memory of every browser for a few ms of some pages.
  'SpareRendererForSitePerProcess',
  'Translate',
  'MediaRouter',
  'OptimizationHints',
  // Each connects to a server of Google's when the browser or a page starts.
  'AimEnabled',
  'PreconnectToSearch',
  'NetworkTimeServiceQuerying',
];

/**
 * On Linux a network service of its own has no sandbox anyway (`--service-sandbox-type=none`), so
 * within the browser process it has the same rights, and saves a process: 16 MB, and a fifth of the
 * CPU time of a start.
 */
const ENABLED_FEATURES = ['NetworkServiceInProcess2'];

/** Chromium itself refuses this port: not even the forwarder sees what is sent there. */
const NOWHERE = 'http://127.0.0.1:1';

const FLAGS = [
  '--headless=new',
  // The pipe is ours, and its end is the browser's end: when the service dies, however it dies,
  // Chromium exits. The port is for clients.
  '--remote-debugging-pipe',
  '--remote-debugging-port=0',
  // The first page is made by us, which is faster than the start-up window and gives us its id.
  '--no-startup-window',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
  '--use-mock-keychain',
  '--hide-scrollbars',
  '--mute-audio',
  // Extensions can be loaded into the running browser, by whom the connections let.
  '--enable-unsafe-extension-debugging',
  // No traffic but the customer's. The URLs that remain are pointed at nothing.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-field-trial-config',
  '--disable-sync',
  '--disable-quic',
  // Nothing goes around the forwarder: no bypass for loopback, no UDP of WebRTC, no names resolved here.
  '--proxy-bypass-list=<-loopback>',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
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
  const { userDataDir, sandbox, fingerprint, proxyServer } = options;
  const userAgent = fingerprint.userAgent ?? options.userAgent;
  return [
    ...FLAGS,
    ...sizes(options),
    `--user-data-dir=${userDataDir}`,
    `--proxy-server=${proxyServer}`,
    ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
    ...(fingerprint.locale === undefined ? [] : [`--lang=${fingerprint.locale}`]),
    ...(sandbox ? [] : ['--no-sandbox']),
  ];
}

/** A window that shows a page of the size asked for, on a screen that holds it. */
function sizes({ fingerprint: { viewport }, windowChromeHeight }: ChromiumFlags): string[] {
  const window = viewport && { ...viewport, height: viewport.height + windowChromeHeight };
  const { width, height } = window ?? WINDOW;
  const screen = `${Math.max(SCREEN.width, width)}x${Math.max(SCREEN.height, height)}`;
  return [`--window-size=${width},${height}`, `--screen-info={${screen}}`];
}
