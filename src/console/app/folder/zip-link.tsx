import { prefix } from '../route.ts';
import type { FolderView } from './folder-view.ts';

interface ZipLinkProps {
  view: FolderView;
  /** A folder's whole path, with a slash at its end; empty: the namespace. */
  folder: string;
}

/** Saves a folder with all that is in it. */
export function ZipLink({ view, folder }: ZipLinkProps) {
  const query = `prefix=${encodeURIComponent(folder)}`;
  return (
    <a class="framed" href={`${prefix}${view.path}/zip?${query}`} download>
      Download as zip
      {folder !== view.prefix && <span class="unseen"> {folder}</span>}
    </a>
  );
}
