import { serve, type Site } from '../site.ts';

const PARAGRAPHS = 200;
const SENTENCES = 'Sites have text, pictures, and scripts that build more of both. '.repeat(8);
const PICTURES = 8;
const PICTURE_SIDE = 128;
const FUNCTIONS = 1500;
/** What the script has built when it is done. */
const ITEMS = 500;

const PAGE = `<!doctype html><meta charset="utf-8"><title>large</title>
<style>body { font: 16px sans-serif; max-width: 60em } img { float: right }</style>
${Array.from({ length: PARAGRAPHS }, (_, nth) => `<h2>Part ${nth}</h2><p>${SENTENCES}`).join('')}
${Array.from({ length: PICTURES }, (_, nth) => `<img src="/${nth}.bmp">`).join('')}
<ul id="list"></ul><script src="/script.js"></script>`;

const SCRIPT = `${Array.from(
  { length: FUNCTIONS },
  (_, nth) => `function item${nth}(text) { return { id: ${nth}, text: text + ' number ${nth}' }; }`,
).join('\n')}
for (let nth = 0; nth < ${ITEMS}; nth++) {
  const line = document.createElement('li');
  line.textContent = window['item' + nth]('item').text;
  document.getElementById('list').append(line);
}`;

/** A page as sites have them: 110 KB of text, 390 KB of pictures, 110 KB of script, which builds a list. */
export function openLargePage(): Promise<Site> {
  const pictures = Array.from({ length: PICTURES }, (_, nth) => picture(nth * 30));
  return serve(({ url = '' }, response) => {
    const nth = /^\/(\d+)\.bmp$/.exec(url)?.[1];
    if (nth !== undefined) return respond('image/bmp', pictures[Number(nth)]);
    return url === '/script.js' ? respond('text/javascript', SCRIPT) : respond('text/html', PAGE);

    function respond(type: string, body: string | Buffer | undefined): void {
      response.setHeader('content-type', type);
      response.end(body);
    }
  });
}

/** A bitmap of 24 bits a pixel. https://en.wikipedia.org/wiki/BMP_file_format */
function picture(shade: number): Buffer {
  const header = Buffer.alloc(54);
  const bytes = PICTURE_SIDE ** 2 * 3;
  header.write('BM');
  header.writeUInt32LE(header.length + bytes, 2);
  header.writeUInt32LE(header.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(PICTURE_SIDE, 18);
  header.writeInt32LE(PICTURE_SIDE, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  const pixels = Buffer.from(Array.from({ length: bytes }, (_, at) => (at + shade) % 256));
  return Buffer.concat([header, pixels]);
}
