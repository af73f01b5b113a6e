import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CapacityPage } from './capacity/page.tsx';
import { Confirmation } from './confirm.tsx';
import { later } from './later.tsx';
import { NotAllowed } from './not-allowed.tsx';
import { hrefOf, prefix, route } from './route.ts';
import { RuntimePage } from './runtime/page.tsx';
import { RuntimesPage } from './runtimes/page.tsx';
import { Scopes, type Scope } from './scopes.ts';
import { Toasts } from './toasts.tsx';

interface PageLink {
  name: string;
  label: string;
  /** One of these is needed. */
  scopes: readonly Scope[];
}

const PAGES: PageLink[] = [
  { name: 'runtimes', label: 'Runtimes', scopes: ['runtimes:read'] },
  { name: 'recordings', label: 'Recordings', scopes: ['runtimes:read'] },
  { name: 'profiles', label: 'Profiles', scopes: ['profiles:read'] },
  { name: 'extensions', label: 'Extensions', scopes: ['extensions:read'] },
  { name: 'storage', label: 'Storage', scopes: ['files:read'] },
  { name: 'keys', label: 'Keys and workspaces', scopes: ['admin', 'workspaces:read'] },
  { name: 'capacity', label: 'Capacity', scopes: ['admin'] },
];

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

interface ShellProps {
  /** The way out, for whoever is signed in. */
  account: ComponentChildren;
  /** What the key allows. */
  scopes: readonly Scope[];
}

/** The navigation, and the page that the address names. */
export function Shell({ account, scopes }: ShellProps) {
  const pages = PAGES.filter((page) => page.scopes.some((scope) => scopes.includes(scope)));
  const [section = pages[0]?.name ?? 'runtimes', ...parts] = route.value;
  const lacking = pages.some(({ name }) => name === section) ? undefined : pageOf(section);
  const nav = useRef<HTMLElement>(null);
  // On a phone not all of them have room.
  useEffect(() => {
    const current = nav.current?.querySelector('[aria-current]');
    current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [section]);
  return (
    <Scopes.Provider value={scopes}>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The address stays that of the page.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        Skip to the page
      </a>
      <header class="shell">
        <a class="brand" href={hrefOf()}>
          bctrl
        </a>
        <nav ref={nav} aria-label="Pages">
          {pages.map(({ name, label }) => (
            <a key={name} href={hrefOf(name)} aria-current={name === section ? 'page' : undefined}>
              {label}
            </a>
          ))}
          <a href={`${prefix}/docs`}>API</a>
        </nav>
        <div class="account">{account}</div>
      </header>
      <div id="content" tabIndex={-1}>
        {lacking ? <NotAllowed page={lacking} /> : <Page section={section} parts={parts} />}
      </div>
      <Toasts />
      <Confirmation />
    </Scopes.Provider>
  );
}

/** A page as the navigation has it, for whoever may see it. */
function pageOf(section: string): PageLink | undefined {
  return PAGES.find(({ name }) => name === section);
}

function Page({ section, parts }: { section: string; parts: string[] }) {
  const [first, second] = parts;
  switch (section) {
    case 'runtimes':
      if (first === undefined || second === undefined) return <RuntimesPage />;
      return <RuntimePage key={second} workspaceId={first} id={second} />;
    case 'recordings':
      return first === undefined ? <RecordingsPage /> : <RecordingPage key={first} id={first} />;
    case 'profiles':
      return first === undefined ? <ProfilesPage /> : <ProfilePage key={first} id={first} />;
    case 'extensions':
      return first === undefined ? <ExtensionsPage /> : <ExtensionPage key={first} id={first} />;
    case 'storage':
      if (first === undefined) return <StoragePage />;
      return <FolderPage key={parts.join('/')} namespace={first} folders={parts.slice(1)} />;
    case 'keys':
      return <KeysPage />;
    case 'capacity':
      return <CapacityPage />;
    default:
      return <Missing />;
  }
}

function Missing() {
  return (
    <main class="alone">
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        <a href={hrefOf()}>The first page</a> is there.
      </p>
    </main>
  );
}
