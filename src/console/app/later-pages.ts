// What is not in the first script. In one piece, so that the second page that somebody opens is there
// at once.
export { ExtensionPage } from './extension/page.tsx';
export { ExtensionsPage } from './extensions/page.tsx';
export { FolderPage } from './folder/page.tsx';
export { KeysPage } from './keys/page.tsx';
export { ProfilePage } from './profile/page.tsx';
export { ProfilesPage } from './profiles/page.tsx';
export { RecordingPage } from './recording/page.tsx';
export { RecordingsPage } from './recordings/page.tsx';
export { StoragePage } from './storage/page.tsx';
