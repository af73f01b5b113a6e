/**
 * Finds the first scroller here that has room in a direction: how much room, in CSS pixels, and
 * whether the scroll comes to rest at places of its own. Null: no scroller has room.
 */
export const findScroller = function (this: Node, isAside: boolean, isBack: boolean) {
  const parentOf = (node: Element): Element | null => {
    const root = node.getRootNode();
    return (
      node.assignedSlot ?? node.parentElement ?? (root instanceof ShadowRoot ? root.host : null)
    );
  };
  const roomIn = (node: Element): number => {
    const at = Math.abs(isAside ? node.scrollLeft : node.scrollTop);
    if (isBack) return at;
    const most = isAside
      ? node.scrollWidth - node.clientWidth
      : node.scrollHeight - node.clientHeight;
    return most - at;
  };
  const first = this instanceof Element ? this : this.parentElement;
  for (let node = first; node; node = parentOf(node)) {
    const { overflowX, overflowY, scrollSnapType } = getComputedStyle(node);
    const scrolls = /auto|scroll/.test(isAside ? overflowX : overflowY);
    if (!scrolls && node !== document.scrollingElement) continue;
    const roomPx = roomIn(node);
    if (roomPx >= 1) return { roomPx, snaps: scrollSnapType !== 'none' };
  }
  return null;
};
