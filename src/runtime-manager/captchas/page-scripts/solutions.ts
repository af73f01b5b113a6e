import type { Captcha, captchaList } from './captcha-list.ts';
import type { elements, Field } from './elements.ts';
import type { tokenFields } from './token-fields.ts';

/** Puts solutions where the widget itself, or a person, would put them. */
export function solutions(
  { inputOf }: Pick<ReturnType<typeof elements>, 'inputOf'>,
  tokens: Pick<ReturnType<typeof tokenFields>, 'of'>,
  list: Pick<ReturnType<typeof captchaList>, 'find'>,
) {
  const fieldsOf = ({ kind, vendor, anchor }: Captcha): Field[] => {
    const input = kind === 'image' ? inputOf(anchor) : undefined;
    if (input) return [input];
    return vendor ? tokens.of(vendor, anchor) : [];
  };
  const isSolved = (captcha: Captcha): boolean => {
    const { work, anchor, isFilled } = captcha;
    if (work) return Boolean(work.response(anchor));
    const fields = fieldsOf(captcha);
    return fields.length > 0 ? fields.some(({ value }) => value !== '') : isFilled;
  };
  /** Puts a solution into the page, and returns whether that was possible or too late. */
  const put = (id: number, text: string): 'put' | 'solved' | 'gone' => {
    const captcha = list.find(id);
    if (!captcha?.anchor.isConnected) return 'gone';
    if (isSolved(captcha)) return 'solved';
    captcha.isFilled = true;
    for (const field of fieldsOf(captcha)) field.value = text;
    return 'put';
  };
  return {
    isSolved,
    put,
    /** As `put`, with the events of somebody who types. */
    type: (id: number, text: string) => {
      const result = put(id, text);
      const captcha = list.find(id);
      if (result !== 'put' || !captcha) return result;
      for (const type of ['input', 'change']) {
        for (const field of fieldsOf(captcha)) {
          field.dispatchEvent(new Event(type, { bubbles: true }));
        }
      }
      return result;
    },
    /** Resolves when a proof of work has ended, however long that takes. */
    outcome: async ({ work, anchor }: Captcha): Promise<'solved' | 'refused'> => {
      if (!work) throw new Error('the captcha is not a proof of work');
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (work.response(anchor)) return 'solved';
        if (work.isRefused(anchor)) return 'refused';
      }
    },
  };
}
