import { serveSite } from './site.ts';

/** A page with links to files, by their ids: `report` and `big`, which has 3 MB, are named alike. */
export function openDownloadSite(): Promise<string> {
  const bodies = new Map([
    ['/report', Buffer.from('download-content')],
    ['/big', Buffer.alloc(3 * 1024 * 1024, 'z')],
  ]);
  return serveSite(({ url = '' }, response) => {
    const body = bodies.get(url);
    if (body) {
      response.setHeader('content-disposition', 'attachment; filename="report.txt"').end(body);
    } else {
      const links = [...bodies.keys()].map((path) => `<a id=${path.slice(1)} href=${path}>get</a>`);
      response.setHeader('content-type', 'text/html').end(links.join(' '));
    }
  });
}
