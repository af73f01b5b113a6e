/** A node, with properties that only some kinds of elements have. */
interface DragNode extends Node {
  draggable?: boolean;
  /** Of a text field. */
  selectionStart?: number | null;
  selectionEnd?: number | null;
}

/**
 * Tells whether the browser could drag what is here: an element that is draggable, even from within
 * its shadow, or text that is selected, even in a field. A frame counts, since nothing is known of
 * what another site shows in it.
 */
export const mayDrag = function (this: DragNode): boolean {
  const isDraggable = (node: DragNode): boolean => {
    const parent = node.parentNode ?? (node instanceof ShadowRoot ? node.host : null);
    return node.draggable === true || (parent !== null && isDraggable(parent));
  };
  if (isDraggable(this) || 'contentWindow' in this) return true;
  if ((this.selectionStart ?? 0) < (this.selectionEnd ?? 0)) return true;
  return !getSelection()?.isCollapsed;
};
