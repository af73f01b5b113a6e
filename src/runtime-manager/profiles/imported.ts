/**
 * The part of an imported profile that is taken: the state that sites keep. Anything else that
 * Chromium looks for in a user data directory could make it install, run or show something of this
 * machine (extensions, native messaging hosts, policies and paths in `Preferences`), so an import
 * passes that over.
 */
const STATE = [
  'Cookies',
  'Cookies-journal',
  'Favicons',
  'Favicons-journal',
  'File System',
  'History',
  'History-journal',
  'IndexedDB',
  'Local Storage',
  'Network',
  'Network Persistent State',
  'Service Worker',
  'Session Storage',
  'SharedStorage',
  'TransportSecurity',
  'Trust Tokens',
  'WebStorage',
  'blob_storage',
  'databases',
];

/** Whether a path of an imported archive belongs to the state of sites. */
export function isImported(path: string): boolean {
  const [directory, name = ''] = path.split('/');
  return directory === 'Default' && STATE.includes(name);
}
