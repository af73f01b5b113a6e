const MOST_CHARACTERS = 255;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** https://www.rfc-editor.org/rfc/rfc9110#name-media-type, in ASCII. */
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?: ?; ?${TOKEN}=(?:${TOKEN}|"[ !#-\\[\\]-~]*"))*$`,
);

/** What is said of content about which nothing is known. */
export const UNKNOWN_TYPE = 'application/octet-stream';

/** Whether a text says what kind content is, as a header `Content-Type` does. */
export function isMediaType(text: string): boolean {
  return text.length <= MOST_CHARACTERS && MEDIA_TYPE.test(text);
}
