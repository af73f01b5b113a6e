import type { Selection } from './runtime-list.ts';

const STATUSES: readonly string[] = ['active', 'stopped', 'failed'] satisfies Selection['status'][];

/** What the address selects, so that it can be kept and given to others. */
export function readSelection(): Selection {
  const query = new URLSearchParams(location.search);
  return { workspace: query.get('workspace') ?? '', status: statusIn(query.get('status')) };
}

export function writeSelection({ workspace, status }: Selection): void {
  const query = new URLSearchParams();
  if (workspace !== '') query.set('workspace', workspace);
  if (status !== '') query.set('status', status);
  const search = query.size === 0 ? '' : `?${query}`;
  history.replaceState(null, '', location.pathname + search);
}

function isStatus(text: string): text is Selection['status'] {
  return STATUSES.includes(text);
}

export function statusIn(text: string | null): Selection['status'] {
  return text !== null && isStatus(text) ? text : '';
}
