import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { CapacityPage } from './capacity/page.tsx';
import { Confirmation } from './confirm.tsx';
import { later } from './later.tsx';
import { hrefOf, prefix, route } from './route.ts';
import { RuntimePage } from './runtime/page.tsx';
import { RuntimesPage } from './runtimes/page.tsx';
import { Scopes } from './scopes.ts';
import type { Session } from './session.ts';
import { Toasts } from './toasts.tsx';

const PAGES = [
  { name: 'runtimes', label: 'Runtimes', scope: 'runtimes:read' },
  { name: 'profiles', label: 'Profiles', scope: 'profiles:read' },
  { name: 'extensions', label: 'Extensions', scope: 'extensions:read' },
  { name: 'storage', label: 'Storage', scope: 'files:read' },
  { name: 'capacity', label: 'Capacity', scope: 'admin' },
] as const;

const more = () => import('./later-pages.ts');
const ProfilesPage = later(async () => (await more()).ProfilesPage);
const ProfilePage = later(async () => (await more()).ProfilePage);
const ExtensionsPage = later(async () => (await more()).ExtensionsPage);
const ExtensionPage = later(async () => (await more()).ExtensionPage);
const StoragePage = later(async () => (await more()).StoragePage);
const FolderPage = later(async () => (await more()).FolderPage);

interface ShellProps {
  /** The way out, for whoever is signed in. */
  account: ComponentChildren;
  /** What the key allows. */
  scopes: Session['scopes'];
}

/** The navigation, and the page that the address names. */
export function Shell({ account, scopes }: ShellProps) {
  const [section = 'runtimes'] = route.value;
  const may = new Set<string>(scopes);
  useEffect(() => {
    const link = document.querySelector('.shell [aria-current]');
    link?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [section]);
  const pages = PAGES.filter(({ scope }) => may.has('admin') || may.has(scope));
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
        <a class="brand" href={hrefOf('runtimes')}>
          bctrl
        </a>
        <nav aria-label="Pages">
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
        <Page />
      </div>
      <Toasts />
      <Confirmation />
    </Scopes.Provider>
  );
}

function Page() {
  const [section = 'runtimes', ...parts] = route.value;
  const [first, second] = parts;
  switch (section) {
    case 'runtimes':
      if (first === undefined || second === undefined) return <RuntimesPage />;
      return <RuntimePage key={second} workspaceId={first} id={second} />;
    case 'profiles':
      return first === undefined ? <ProfilesPage /> : <ProfilePage key={first} id={first} />;
    case 'extensions':
      return first === undefined ? <ExtensionsPage /> : <ExtensionPage key={first} id={first} />;
    case 'storage':
      if (first === undefined) return <StoragePage />;
      return <FolderPage key={parts.join('/')} namespace={first} folders={parts.slice(1)} />;
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
        <a href={hrefOf('runtimes')}>The runtimes</a> are there.
      </p>
    </main>
  );
}
