import type { Vendor } from './vendors.ts';

/** A kind of proof of work, and how to see how far a widget's work is. */
export interface Work {
  kind: string;
  selector: string;
  response(anchor: Element): string | undefined;
  isRefused(anchor: Element): boolean;
}

/** What is known of a captcha from the page. */
export interface Known {
  kind: string;
  siteKey?: string | undefined;
  action?: string | undefined;
  /** Of a captcha that takes a token. */
  vendor?: Vendor;
  /** Of a captcha that is proof of work. */
  work?: Work;
}

export interface Captcha extends Known {
  id: number;
  anchor: Element;
  /** Whether whoever asks for new captchas has been told this one. */
  isTold: boolean;
  /** Whether a solution was put into the page. */
  isFilled: boolean;
}

/** The captchas of a document, each known by its element. */
export function captchaList() {
  const MOST = 100;
  const captchas = new Map<number, Captcha>();
  const anchors = new Set<Element>();
  let lastId = 0;
  return {
    find: (id: number): Captcha | undefined => captchas.get(id),
    /** Throws when the captcha is not there any more. */
    get: (id: number): Captcha => {
      const captcha = captchas.get(id);
      if (!captcha) throw new Error('the captcha is gone');
      return captcha;
    },
    all: (): Captcha[] => [...captchas.values()],
    has: (anchor: Element): boolean => anchors.has(anchor),
    /** Does nothing when the element is there already, or when there are too many. */
    add: (anchor: Element, known: Known): void => {
      if (anchors.has(anchor) || captchas.size >= MOST) return;
      anchors.add(anchor);
      const id = ++lastId;
      captchas.set(id, { id, anchor, isTold: false, isFilled: false, ...known });
    },
    forgetGone: (): void => {
      for (const { id, anchor } of captchas.values()) {
        if (anchor.isConnected) continue;
        captchas.delete(id);
        anchors.delete(anchor);
      }
    },
  };
}
