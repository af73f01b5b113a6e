/** How a customer narrows where a runtime's browser may go. Each field is a list of rules. */
export interface EgressRules {
  /** When present, only destinations that match may be reached. */
  allow?: string[] | undefined;
  /** Destinations that match may not be reached. */
  deny?: string[] | undefined;
}
