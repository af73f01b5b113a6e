import type { elements, Field } from './elements.ts';
import type { Vendor } from './vendors.ts';

/** Finds the fields where the widgets of vendors keep their tokens. */
export function tokenFields({
  all,
  closest,
  data,
  isButton,
  isField,
}: ReturnType<typeof elements>) {
  /** The fields that are not inside a marked widget. */
  const loose = ({ field }: Vendor): Field[] =>
    all(`[name="${field}"]`)
      .filter(isField)
      .filter((one) => !closest(one, '[data-sitekey]'));
  return {
    loose,
    of: (vendor: Vendor, anchor: Element): Field[] => {
      const name = data(anchor, 'response-field-name') ?? vendor.field;
      const names = new Set([name, vendor.field, 'g-recaptcha-response']);
      const inside = all('input, textarea', anchor)
        .filter(isField)
        .filter((field) => names.has(field.name));
      return inside.length > 0 || !isButton(anchor) ? inside : loose(vendor);
    },
  };
}
