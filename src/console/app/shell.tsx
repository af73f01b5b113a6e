import type { ComponentChildren } from 'preact';
import { CapacityPage } from './capacity/page.tsx';
import { Confirmation } from './confirm.tsx';
import { hrefOf, prefix, route } from './route.ts';
import { RuntimePage } from './runtime/page.tsx';
import { RuntimesPage } from './runtimes/page.tsx';
import { Toasts } from './toasts.tsx';

const PAGES = [
  { name: 'runtimes', label: 'Runtimes', scope: 'runtimes:read' },
  { name: 'capacity', label: 'Capacity', scope: 'admin' },
] as const;

interface ShellProps {
  /** The way out, for whoever is signed in. */
  account: ComponentChildren;
  /** What the key allows. */
  scopes: readonly string[];
}

/** The navigation, and the page that the address names. */
export function Shell({ account, scopes }: ShellProps) {
  const [section = 'runtimes'] = route.value;
  const may = new Set(scopes);
  const pages = PAGES.filter(({ scope }) => may.has('admin') || may.has(scope));
  return (
    <>
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
    </>
  );
}

function Page() {
  const [section = 'runtimes', workspaceId, id] = route.value;
  if (section === 'capacity') return <CapacityPage />;
  if (section !== 'runtimes') return <Missing />;
  if (workspaceId === undefined || id === undefined) return <RuntimesPage />;
  return <RuntimePage key={id} workspaceId={workspaceId} id={id} />;
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
