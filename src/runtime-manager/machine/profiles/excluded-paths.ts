/**
 * Of its user data directory Chromium keeps the state of a profile in one directory. What else it
 * keeps there is of the process (locks, crash reports, what it downloads for itself), is how it was
 * set up (`Local State`, where experiments are turned on), or could make it start or install something
 * (native messaging hosts, external extensions, policies, a hint at a Widevine): a profile does
 * without, and none of it is archived or handed on.
 */
export const STATE_DIRECTORY = 'Default';

/**
 * What Chromium keeps there that is no state of a profile: caches it fills again, sessions of windows,
 * and what could start or install something: extensions (the service loads them), their rules and
 * scripts (which do not outlive that), web apps, policies. By the directory's own name anywhere, so
 * that those of site-isolated storage are found too.
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
