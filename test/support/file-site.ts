import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveSite } from './site.ts';

const LARGE_BYTES = 80 * 1024 * 1024;
const TEN = 10;

/** What a page offers to download: the id of its link, and the name and content that have to arrive. */
export interface Offered {
  id: string;
  name: string;
  sha256: string;
  sizeBytes: number;
}

export interface FileSite {
  url: string;
  /** By links that each page has. */
  offered: Offered[];
  /** What the link `ten` begins at once, all named alike. */
  ten: Pick<Offered, 'sha256'>;
}

/** How a site says the name of a file: https://www.rfc-editor.org/rfc/rfc6266 */
const NAMES: Record<string, string> = {
  empty: 'filename="empty.txt"',
  large: 'filename="large.bin"',
  unicode: `filename*=UTF-8''${encodeURIComponent('Résumé — 日本.pdf')}`,
  hostile: 'filename="../../../etc/passwd"',
  ten: 'filename="ten.txt"',
};

/**
 * Pages with links to files, a link to one that never ends (`slow`), and a form for one file, which
 * answers with the name and the SHA-256 of what it got.
 */
export async function openFileSite(): Promise<FileSite> {
  const contents: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    large: randomBytes(LARGE_BYTES),
    unicode: Buffer.from('unicode'),
    hostile: Buffer.from('hostile'),
    ten: Buffer.from('one of ten'),
  };
  const url = await serveSite((request, response) => {
    const id = request.url?.slice(1) ?? '';
    if (request.method === 'POST') return void receive(request, response);
    if (id === 'slow') return beginSlow(response);
    const content = contents[id];
    if (!content) return void response.setHeader('content-type', 'text/html').end(page());
    response.setHeader('content-disposition', `attachment; ${NAMES[id]}`);
    response.setHeader('content-type', 'application/octet-stream').end(content);
  });
  const of = (id: string, name: string, content = contents[id] ?? Buffer.alloc(0)): Offered => ({
    id,
    name,
    sha256: hashOf(content),
    sizeBytes: content.length,
  });
  return {
    url,
    offered: [
      of('empty', 'empty.txt'),
      of('large', 'large.bin'),
      of('unicode', 'Résumé — 日本.pdf'),
      of('hostile', '_.._.._etc_passwd'),
      of('blob', 'blob.txt', Buffer.from('from a blob')),
      of('data', 'data.txt', Buffer.from('from data')),
    ],
    ten: of('ten', 'ten.txt'),
  };
}

export function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function page(): string {
  const links = Object.keys(NAMES).map((id) => `<a id=${id} href=/${id}>${id}</a>`);
  return `<!doctype html><meta charset=utf-8><title>files</title>${links.join(' ')}
    <a id=slow href=/slow download>slow</a>
    <a id=blob download=blob.txt>blob</a>
    <a id=data download=data.txt href="data:text/plain,from%20data">data</a>
    <button id=all>all</button>
    <form method=post enctype=multipart/form-data>
      <input id=file type=file name=file><button id=send>send</button>
    </form>
    <script>
      document.getElementById('blob').href = URL.createObjectURL(new Blob(['from a blob']));
      document.getElementById('all').onclick = () => {
        for (let nth = 0; nth < ${TEN}; nth++) {
          const link = document.createElement('a');
          link.href = '/ten';
          link.download = '';
          link.click();
        }
      };
    </script>`;
}

/** Says more than comes. */
function beginSlow(response: ServerResponse): void {
  response.setHeader('content-disposition', 'attachment; filename="slow.bin"');
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', 1_000_000);
  response.write(Buffer.alloc(100_000, 's'));
}

/** The page that a form leads to: its title is what was sent. */
async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const type = request.headers['content-type'] ?? '';
  const body = Buffer.concat(await request.toArray());
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': type },
  }).formData();
  const file = form.get('file');
  const got =
    file instanceof File
      ? `${file.name} ${hashOf(Buffer.from(await file.arrayBuffer()))}`
      : 'no file';
  const html = `<!doctype html><meta charset=utf-8><title>${got}</title>`;
  response.setHeader('content-type', 'text/html').end(html);
}
