import { CdpRefusal } from '../browser/cdp/cdp-pipe.ts';
import { invalidOption, tooLarge } from './one-shot-errors.ts';
import type { PdfWork } from './one-shot-order.ts';
import type { VisitedPage } from './visited-page.ts';

const READ_BYTES = 1024 ** 2;
const MOST_MB = 100;

/** The page as a PDF. Throws `page.invalid_option`, `page.too_large`, or as the page. */
export async function printPage(page: VisitedPage, { print }: PdfWork): Promise<Buffer> {
  const handle = await startPrint(page, print);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const params = { handle, size: READ_BYTES };
    const { data, base64Encoded, eof } = await page.session.send('IO.read', params, page);
    const chunk = Buffer.from(data, base64Encoded ? 'base64' : 'utf8');
    chunks.push(chunk);
    bytes += chunk.length;
    if (eof) return Buffer.concat(chunks);
    if (bytes > MOST_MB * 1024 ** 2) throw tooLarge('The PDF', `${MOST_MB} MB`);
  }
}

/** Chromium checks what fits on paper. */
async function startPrint(
  { session, signal }: VisitedPage,
  print: PdfWork['print'],
): Promise<string> {
  const params = { ...print, transferMode: 'ReturnAsStream' } as const;
  try {
    const { stream } = await session.send('Page.printToPDF', params, { signal });
    if (stream !== undefined) return stream;
  } catch (error) {
    const refusal = error instanceof Error ? error.cause : undefined;
    if (!(refusal instanceof CdpRefusal)) throw error;
    const isRanges = /range/i.test(refusal.message);
    throw invalidOption(isRanges ? 'pageRanges' : 'margin', refusal.message);
  }
  throw new Error('Page.printToPDF: Chromium gave no stream');
}
