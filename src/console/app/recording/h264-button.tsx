import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { send, sentenceOf } from '../api.ts';
import { prefix } from '../route.ts';
import { toast } from '../toasts.tsx';

const BEING_MADE = 202;
const PAUSE_MS = 2000;

interface H264ButtonProps {
  /** The path of the video. */
  video: string;
  /** Under which it is saved. */
  name: string;
}

async function isBeingMade(path: string): Promise<boolean> {
  const { status, body } = await send('GET', path);
  await body?.cancel();
  return status === BEING_MADE;
}

/** Saves a video as H.264, which the service makes first. */
export function H264Button({ video, name }: H264ButtonProps) {
  const isBusy = useSignal(false);
  const isLeft = useSignal(false);
  useEffect(() => () => void (isLeft.value = true), []);
  const path = `${video}?codec=h264`;
  const save = async () => {
    isBusy.value = true;
    try {
      while (await isBeingMade(path)) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        if (isLeft.peek()) return;
      }
      const link = Object.assign(document.createElement('a'), { href: prefix + path });
      link.download = name.replace('.mp4', '-h264.mp4');
      link.click();
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <button class="framed" type="button" disabled={isBusy.value} onClick={() => void save()}>
      {isBusy.value ? 'Converting…' : 'Download as H.264 (converted, takes a moment)'}
      <span class="unseen"> of {name}</span>
    </button>
  );
}
