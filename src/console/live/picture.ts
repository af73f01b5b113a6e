import { HEADER_BYTES, type ViewerMessage } from './contract.ts';
import type { Size } from './fit.ts';

export interface PictureParts {
  send: (message: ViewerMessage) => void;
  /** The turn that pictures have to be of. */
  turn: () => number;
  /** Whether a list or picker is shown beside the picture: Chromium's own is in sharp pictures only. */
  hasOverlay: () => boolean;
  onSize: (page: Size) => void;
  onDrawn: () => void;
}

interface Header {
  isSharp: boolean;
  page: Size;
  turn: number;
  seq: number;
}

/** Draws pictures as they come, the newest last. */
export class Picture {
  readonly #parts: PictureParts;
  #canvas: HTMLCanvasElement | undefined;
  /** The number of the picture that is drawn; -1: none of this connection. */
  #drawn = -1;
  /** The tab that it shows. */
  #drawnTurn = -1;
  /** Raised with each connection: what one before it sent is out of date. */
  #epoch = 0;

  constructor(parts: PictureParts) {
    this.#parts = parts;
  }

  drawOn(canvas: HTMLCanvasElement | null): void {
    this.#canvas = canvas ?? undefined;
  }

  /** A connection begins, and numbers its pictures anew. */
  restart(): void {
    this.#drawn = -1;
    this.#drawnTurn = -1;
    this.#epoch += 1;
  }

  /** Draws a picture, unless it is out of date, and says that there is room for the next. */
  async show(bytes: ArrayBuffer): Promise<void> {
    const epoch = this.#epoch;
    const header = read(bytes);
    const isCurrent = () =>
      epoch === this.#epoch &&
      header.turn === (this.#parts.turn() & 0xff_ff) &&
      !(header.isSharp && this.#parts.hasOverlay()) &&
      (header.turn !== this.#drawnTurn || header.seq > this.#drawn);
    if (isCurrent()) {
      // A picture that cannot be decoded is like one that was lost.
      const image = await createImageBitmap(new Blob([new Uint8Array(bytes, HEADER_BYTES)])).catch(
        () => undefined,
      );
      if (image && isCurrent()) this.#draw(image, header);
      image?.close();
    }
    // The service counts what is under way, so that it has to hear of each.
    if (epoch === this.#epoch) this.#parts.send({ t: 'ack', seq: header.seq });
  }

  #draw(image: ImageBitmap, { page, seq, turn }: Header): void {
    const canvas = this.#canvas;
    const context = canvas?.getContext('2d', { alpha: false });
    if (!canvas || !context) return;
    if (canvas.width !== image.width) canvas.width = image.width;
    if (canvas.height !== image.height) canvas.height = image.height;
    context.drawImage(image, 0, 0);
    this.#drawn = seq;
    this.#drawnTurn = turn;
    this.#parts.onSize(page);
    this.#parts.onDrawn();
  }
}

function read(bytes: ArrayBuffer): Header {
  const view = new DataView(bytes);
  return {
    isSharp: view.getUint8(1) === 1,
    page: { width: view.getUint16(2, true), height: view.getUint16(4, true) },
    turn: view.getUint16(6, true),
    seq: view.getUint32(8, true),
  };
}
