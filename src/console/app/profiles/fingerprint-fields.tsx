import type { Profile } from '../contract.ts';
import { TextField } from '../form/fields.tsx';
import { textIn } from '../form/proxy-fields.tsx';

type Fingerprint = Profile['fingerprint'];

const EMPTY = 'Empty: that of the machine.';

/** How the browsers of a profile present themselves; `given`: until now. */
export function FingerprintFields({ given = {} }: { given?: Fingerprint }) {
  const { locale, timezone, viewport, userAgent } = given;
  return (
    <fieldset>
      <legend>How the browser presents itself</legend>
      <div class="columns pairs">
        <TextField
          name="fingerprint.locale"
          label="Language"
          placeholder="de-DE"
          hint={EMPTY}
          value={locale}
        />
        <TextField
          name="fingerprint.timezone"
          label="Time zone"
          placeholder="Europe/Berlin"
          hint={EMPTY}
          value={timezone}
        />
        <TextField
          name="fingerprint.viewport.width"
          label="Width of pages"
          placeholder="1280"
          isNumber
          hint="In CSS pixels. Both empty: the usual size."
          value={viewport?.width.toString()}
        />
        <TextField
          name="fingerprint.viewport.height"
          label="Height of pages"
          placeholder="800"
          isNumber
          value={viewport?.height.toString()}
        />
      </div>
      <TextField
        name="fingerprint.userAgent"
        label="User agent"
        hint="Empty: that of Chromium."
        value={userAgent}
      />
    </fieldset>
  );
}

/** What was entered; the service judges it. */
export function fingerprintIn(form: FormData): Fingerprint {
  const locale = textIn(form, 'fingerprint.locale');
  const timezone = textIn(form, 'fingerprint.timezone');
  const width = textIn(form, 'fingerprint.viewport.width');
  const height = textIn(form, 'fingerprint.viewport.height');
  const userAgent = textIn(form, 'fingerprint.userAgent');
  return {
    ...(locale !== '' && { locale }),
    ...(timezone !== '' && { timezone }),
    ...(width + height !== '' && { viewport: { width: Number(width), height: Number(height) } }),
    ...(userAgent !== '' && { userAgent }),
  };
}
