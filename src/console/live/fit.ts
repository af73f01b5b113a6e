export interface Size {
  width: number;
  height: number;
}

/** Where the picture is drawn within the stage, in CSS pixels, and how many of them a pixel of the page has. */
export interface Box extends Size {
  left: number;
  top: number;
  scale: number;
}

/** The largest box with the page's shape within the stage, its edges on physical pixels. */
export function fit(stage: Size, page: Size, pixelRatio: number): Box {
  if (page.width === 0 || page.height === 0) return { ...stage, left: 0, top: 0, scale: 1 };
  const scale = Math.min(stage.width / page.width, stage.height / page.height);
  const snap = (length: number) => Math.round(length * pixelRatio) / pixelRatio;
  const [width, height] = [snap(page.width * scale), snap(page.height * scale)];
  return {
    left: snap((stage.width - width) / 2),
    // On a phone that is held upright the picture is below the bar, as a browser's page is.
    top: stage.height > stage.width ? 0 : snap((stage.height - height) / 2),
    width,
    height,
    scale: width / page.width,
  };
}
