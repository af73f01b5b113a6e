import type { captchaList } from './captcha-list.ts';
import type { elements } from './elements.ts';

/** Finds `<img data-captcha="image" data-captcha-input="id of the input">`, and reads them. */
export function imageCaptchas(
  { all, isA, inputOf }: ReturnType<typeof elements>,
  list: ReturnType<typeof captchaList>,
) {
  return {
    find: (): void => {
      for (const image of all('img[data-captcha=image][data-captcha-input]').filter(isA('img'))) {
        const isLoaded = image.complete && image.naturalWidth > 0;
        if (isLoaded && inputOf(image)) list.add(image, { kind: 'image' });
      }
    },
    /** The image's bytes in base64, or its address if it is another site's and may not be read. */
    read: (image: Element) => {
      if (!isA('img')(image)) throw new Error('the captcha is not an image');
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      canvas.getContext('2d')?.drawImage(image, 0, 0);
      try {
        return { bytes: canvas.toDataURL('image/png').split(',')[1] };
      } catch {
        return { url: image.currentSrc };
      }
    },
  };
}
