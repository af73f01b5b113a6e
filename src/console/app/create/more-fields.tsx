import { useSignal } from '@preact/signals';
import { CheckField, LinesField, SelectField, TextField } from '../form/fields.tsx';

const RECORDING = [
  ['', 'Default of the service'],
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
        label="Videos of the tabs"
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
            hint="They often contain secrets."
          />
          <CheckField
            name="recording.diagnostics"
            label="Keep console messages and failed requests"
            hint="Pages can notice that they are observed."
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
          hint="The runtime ends after this time without use."
          placeholder="default"
        />
        <TextField
          name="maxDurationSeconds"
          label="Hard limit in seconds"
          isNumber
          hint="The runtime ends this long after its start."
          placeholder="default"
        />
      </div>
    </fieldset>
  );
}

/** What the browser may reach. */
export function EgressFields() {
  return (
    <fieldset>
      <legend>Network</legend>
      <LinesField
        name="egress.allow"
        label="Allowed hosts"
        hint="One rule per line: an address, a range, a host name, *.name or *. Empty: all that the service allows."
        placeholder={'example.com\n*.example.com'}
      />
      <LinesField name="egress.deny" label="Blocked hosts" placeholder="ads.example.com" />
    </fieldset>
  );
}
