/**
 * The one part of the user data directory in which Chromium keeps the state of a profile.
 * Everything else there belongs to the process (locks, crash reports, what Chromium downloads for
 * itself), to its setup (`Local State`, where experiments are turned on), or could make Chromium
 * start or install something (native messaging hosts, external extensions, policies, a hint at a
 * Widevine). A profile does without, so none of that is archived or handed on.
 */
export const STATE_DIRECTORY = 'Default';

/**
 * Directories in it that are no state of a profile: caches that Chromium fills again, sessions of
 * windows, and what could start or install something, such as extensions (the service loads them),
 * their rules and scripts (which do not outlive a load), web apps and policies. A name counts at
 * any depth, so that directories of site-isolated storage are found too.
 */
const DIRECTORIES = [
  'AutofillAiModelCache',
  'BrowserMetrics',
  'Cache',
  'Code Cache',
  'Crash Reports',
  'Crashpad',
  'DNR Extension Rules',
  'DawnGraphiteCache',
  'DawnWebGPUCache',
  'Extension Rules',
  'Extension Scripts',
  'Extension State',
  'Extensions',
  'External Extensions',
  'GPUCache',
  'GPUPersistentCache',
  'GpuPersistentCache',
  'GrShaderCache',
  'GraphiteDawnCache',
  'Managed Extension Settings',
  'NativeMessagingHosts',
  'OptimizationGuideModelsManifest',
  'Policy',
  'Safe Browsing',
  'Segmentation Platform',
  'Sessions',
  'Sessions_Encrypted',
  'ShaderCache',
  // Which web apps are installed; the service syncs nothing.
  'Sync Data',
  'Web Applications',
  'component_crx_cache',
  'extensions_crx_cache',
  'iwa',
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
  const [top, ...parts] = path.split('/');
  return top !== STATE_DIRECTORY || parts.some((part) => LEFT_OUT.includes(part));
}
