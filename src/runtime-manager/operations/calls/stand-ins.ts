/** A binding among arguments, written as `{ "handle": "alias" }`. */
export class Reference<K extends 'locator' | 'jsHandle' = 'locator' | 'jsHandle'> {
  readonly standsFor = 'binding';
  readonly kind: K;
  readonly alias: string;

  constructor(kind: K, alias: string) {
    this.kind = kind;
    this.alias = alias;
  }
}

/** A file of the runtime that a page is given. */
export class GivenFile {
  readonly standsFor = 'given file';
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/** Where a file that a call makes is kept among those of the runtime. */
export class ResultPath {
  readonly standsFor = 'path of a result';
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/** JavaScript that runs in a page: an expression or a function. */
export class Source {
  readonly standsFor = 'code of a page';
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The body of an async function that runs in a page. */
export class Script {
  readonly standsFor = 'script of a page';
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON, with objects in the page anywhere in it. */
export type JsonWithHandles =
  | string
  | number
  | boolean
  | null
  | Reference<'jsHandle'>
  | JsonWithHandles[]
  | { [key: string]: JsonWithHandles };

/** What a function in the page is given. */
export class PageArgument {
  readonly standsFor = 'argument of a page';
  readonly value: JsonWithHandles;

  constructor(value: JsonWithHandles) {
    this.value = value;
  }
}
