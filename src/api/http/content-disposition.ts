/** What a plain name has: letters, digits, spaces, dots, underscores and hyphens. */
const NOT_PLAIN = /[^\w .-]/g;
/** What `encodeURIComponent` leaves and https://www.rfc-editor.org/rfc/rfc8187 does not. */
const NOT_ENCODED = /['()*]/g;

/**
 * A header `Content-Disposition` by which clients save content under its name, whatever that has in
 * it, and never show it: https://www.rfc-editor.org/rfc/rfc6266
 */
export function attachment(name: string): string {
  const plain = name.replaceAll(NOT_PLAIN, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    NOT_ENCODED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
