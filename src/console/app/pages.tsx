import type { ComponentChildren } from 'preact';
import { CapacityPage } from './capacity/page.tsx';
import { later } from './later.tsx';
import { RuntimePage } from './runtime/page.tsx';
import { RuntimesPage } from './runtimes/page.tsx';
import type { Scope } from './scopes.ts';

const more = () => import('./later-pages.ts');
const RecordingsPage = later(async () => (await more()).RecordingsPage);
const RecordingPage = later(async () => (await more()).RecordingPage);
const ProfilesPage = later(async () => (await more()).ProfilesPage);
const ProfilePage = later(async () => (await more()).ProfilePage);
const ExtensionsPage = later(async () => (await more()).ExtensionsPage);
const ExtensionPage = later(async () => (await more()).ExtensionPage);
const StoragePage = later(async () => (await more()).StoragePage);
const FolderPage = later(async () => (await more()).FolderPage);
const KeysPage = later(async () => (await more()).KeysPage);

/** A page of the navigation, and what is below it. */
export interface PageLink {
  /** The first part of its path. */
  name: string;
  label: string;
  /** One of these is needed. */
  scopes: readonly Scope[];
  /** What it shows; `parts` are those of the path that follow. */
  view: (parts: string[]) => ComponentChildren;
}

export const PAGES: readonly PageLink[] = [
  {
    name: 'runtimes',
    label: 'Runtimes',
    scopes: ['runtimes:read'],
    view: ([workspaceId, id]) =>
      workspaceId === undefined || id === undefined ? (
        <RuntimesPage />
      ) : (
        <RuntimePage key={id} workspaceId={workspaceId} id={id} />
      ),
  },
  {
    name: 'recordings',
    label: 'Recordings',
    scopes: ['runtimes:read'],
    view: ([id]) => (id === undefined ? <RecordingsPage /> : <RecordingPage key={id} id={id} />),
  },
  {
    name: 'profiles',
    label: 'Profiles',
    scopes: ['profiles:read'],
    view: ([id]) => (id === undefined ? <ProfilesPage /> : <ProfilePage key={id} id={id} />),
  },
  {
    name: 'extensions',
    label: 'Extensions',
    scopes: ['extensions:read'],
    view: ([id]) => (id === undefined ? <ExtensionsPage /> : <ExtensionPage key={id} id={id} />),
  },
  {
    name: 'storage',
    label: 'Storage',
    scopes: ['files:read'],
    view: ([namespace, ...folders]) =>
      namespace === undefined ? (
        <StoragePage />
      ) : (
        <FolderPage
          key={[namespace, ...folders].join('/')}
          namespace={namespace}
          folders={folders}
        />
      ),
  },
  {
    name: 'keys',
    label: 'Keys',
    scopes: ['admin', 'workspaces:read'],
    view: () => <KeysPage />,
  },
  { name: 'capacity', label: 'Capacity', scopes: ['admin'], view: () => <CapacityPage /> },
];
