/**
 * What Chromium keeps in its user data directory that is no state of a profile: caches it fills
 * again, locks and sockets of the process, crash reports, what it downloads for itself. By the
 * directory's own name anywhere, so that those of site-isolated storage are found too.
 */
const DIRECTORIES = [
  'BrowserMetrics',
  'Cache',
  'Code Cache',
  'Crash Reports',
  'Crashpad',
  'External Extensions',
  'DawnGraphiteCache',
  'DawnWebGPUCache',
  'GPUCache',
  'GPUPersistentCache',
  'GpuPersistentCache',
  'GraphiteDawnCache',
  'GrShaderCache',
  'NativeMessagingHosts',
  'OptimizationGuideModelsManifest',
  'Safe Browsing',
  'Segmentation Platform',
  'ShaderCache',
  'Sessions',
  'component_crx_cache',
  'extensions_crx_cache',
  'optimization_guide_model_store',
  'segmentation_platform',
];

const FILES = [
  'BrowserMetrics-spare.pma',
  'DevToolsActivePort',
  'LOCK',
  'Secure Preferences',
  'SingletonCookie',
  'SingletonLock',
  'SingletonSocket',
  'lockfile',
];

/** The names that are left out, wherever they are. */
export const LEFT_OUT: readonly string[] = [...DIRECTORIES, ...FILES];

/** Whether a path below the user data directory is left out of archives. */
export function isLeftOut(path: string): boolean {
  return path.split('/').some((part) => LEFT_OUT.includes(part));
}
