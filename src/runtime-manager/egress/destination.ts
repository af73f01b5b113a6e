/** Where a browser wants to go: a host in its canonical form, and a port. */
export interface Destination {
  host: string;
  port: number;
}
