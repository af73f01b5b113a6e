import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Confirmation } from './confirm.tsx';
import { NotAllowed } from './not-allowed.tsx';
import { hrefOf, prefix, route } from './route.ts';
import { PAGES, type PageLink } from './pages.tsx';
import { Scopes, type Scope } from './scopes.ts';
import { Toasts } from './toasts.tsx';

interface ShellProps {
  /** The way out, for whoever is signed in. */
  account: ComponentChildren;
  /** What the key allows. */
  scopes: readonly Scope[];
}

/** The navigation, and the page that the address names. */
export function Shell({ account, scopes }: ShellProps) {
  const pages = PAGES.filter((page) => isAllowed(page, scopes));
  const [section = pages[0]?.name ?? 'runtimes', ...parts] = route.value;
  const nav = useRef<HTMLElement>(null);
  // On a phone not all of them have room, and turning it changes how many do.
  useEffect(() => {
    const show = () => {
      const current = nav.current?.querySelector('[aria-current]');
      current?.scrollIntoView({ block: 'nearest', inline: 'center' });
    };
    show();
    addEventListener('resize', show);
    return () => removeEventListener('resize', show);
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
        <Page section={section} parts={parts} scopes={scopes} />
      </div>
      <Toasts />
      <Confirmation />
    </Scopes.Provider>
  );
}

interface PageProps {
  section: string;
  parts: string[];
  scopes: readonly Scope[];
}

function Page({ section, parts, scopes }: PageProps) {
  const page = PAGES.find(({ name }) => name === section);
  if (!page) return <Missing />;
  return isAllowed(page, scopes) ? <>{page.view(parts)}</> : <NotAllowed page={page} />;
}

function isAllowed(page: PageLink, scopes: readonly Scope[]): boolean {
  return page.scopes.some((scope) => scopes.includes(scope));
}

function Missing() {
  return (
    <main class="alone">
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        <a href={hrefOf()}>Go to the first page</a>
      </p>
    </main>
  );
}
