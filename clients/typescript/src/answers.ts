/** What a request that succeeded was answered with: one that fails throws instead. */
export function dataOf<T>({ data }: { data?: T }): NonNullable<T> {
  if (data === undefined || data === null) throw new Error('the answer has no content');
  return data;
}
