import { computed, signal } from '@preact/signals';

const ROOT = '/console';

/** What proxies put in front of the service's paths. */
export const prefix = location.pathname.slice(0, Math.max(0, location.pathname.indexOf(ROOT)));

const pathname = signal(location.pathname);
/** The parts of the path below `/console`. */
export const route = computed(() =>
  pathname.value
    .slice(prefix.length + ROOT.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent),
);

/** The address of a page of the console. */
export function hrefOf(...parts: string[]): string {
  return [prefix + ROOT, ...parts.map(encodeURIComponent)].join('/');
}

/** Shows another page; the focus goes to its heading, so that screen readers tell where they are. */
export function navigate(href: string): void {
  history.pushState(null, '', href);
  pathname.value = location.pathname;
  scrollTo(0, 0);
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus());
}

/** Keeps links within the page, as long as they are followed by a plain click. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    pathname.value = location.pathname;
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || !isPlain(event) || !leadsToPage(link)) return;
    event.preventDefault();
    navigate(link.href);
  });
}

/** Other clicks open windows, or save what a link leads to. */
function isPlain({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean {
  return button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey;
}

function leadsToPage(link: HTMLAnchorElement): boolean {
  const isOurs = link.origin === location.origin && link.pathname.startsWith(prefix + ROOT);
  const isWithin = link.hash !== '' && link.pathname === location.pathname;
  return isOurs && !isWithin && link.target === '' && !link.hasAttribute('download');
}
