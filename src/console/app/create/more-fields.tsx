import { useSignal } from '@preact/signals';
import { CheckField, LinesField, SelectField, TextField } from '../form/fields.tsx';

const RECORDING = [
  ['', 'As the service is configured'],
  ['on', 'Record'],
  ['off', 'Do not record'],
] as const;

export function RecordingFields() {
  const wish = useSignal('');
  return (
    <fieldset>
      <legend>Recording</legend>
      <SelectField
        name="recording"
        label="Video of its tabs"
        options={RECORDING}
        value={wish.value}
        onChange={(value) => (wish.value = value)}
      />
      {wish.value === 'on' && (
        <>
          <CheckField
            name="recording.pauseWhileHumanDrives"
            label="Pause during manual control"
            hint="Such as during a login."
          />
          <CheckField
            name="recording.keepQueries"
            label="Keep URL query strings"
            hint="They often have secrets in them."
          />
          <CheckField
            name="recording.diagnostics"
            label="Keep console messages and failed requests"
            hint="For that pages are observed, which a page can notice."
          />
        </>
      )}
    </fieldset>
  );
}

export function LimitFields() {
  return (
    <fieldset>
      <legend>Limits</legend>
      <div class="columns">
        <TextField
          name="idleTimeoutSeconds"
          label="Idle limit in seconds"
          isNumber
          hint="It ends after this time without a client."
          placeholder="as configured"
        />
        <TextField
          name="maxDurationSeconds"
          label="Hard limit in seconds"
          isNumber
          hint="It ends this long after it came up."
          placeholder="as configured"
        />
      </div>
      <LinesField
        name="egress.allow"
        label="Allowed hosts"
        hint="A rule in each line: an address, a range, a host name, *.name or *. Empty: all that the service allows."
        placeholder={'example.com\n*.example.com'}
      />
      <LinesField name="egress.deny" label="Blocked hosts" placeholder="ads.example.com" />
    </fieldset>
  );
}
