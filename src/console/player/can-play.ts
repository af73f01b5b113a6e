/** What Chromium records: AV1, main profile. */
const TYPE = 'video/mp4; codecs="av01.0.08M.08"';

/** Whether this browser plays recordings as they are. What cannot be found out is tried. */
export async function canPlayRecordings(): Promise<boolean> {
  if (document.createElement('video').canPlayType(TYPE) === '') return false;
  try {
    const video = { contentType: TYPE, width: 1280, height: 720, bitrate: 1e6, framerate: 10 };
    return (await navigator.mediaCapabilities.decodingInfo({ type: 'file', video })).supported;
  } catch {
    return true;
  }
}
