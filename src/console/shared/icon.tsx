/** An icon of 16 by 16, drawn in lines; one that a page does not use is not in its bundle. */
/* @__NO_SIDE_EFFECTS__ */
export const drawn = (path: string) => () => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={path} />
  </svg>
);
