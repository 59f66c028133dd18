/** An object of a JSON file whose every field must be known, read with errors that name file, field and value. */

/** Strict reading of one object. */
export class Fields {
  readonly #file: string;
  readonly #path: string;
  readonly #values: Record<string, unknown>;

  /** `path` is where in `file` the object stands, such as `default[0]`; empty for the root. Throws an Error. */
  constructor(file: string, path: string, value: unknown) {
    this.#file = file;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Error(`${file}: ${path || "the document"} is ${show(value)}: an object is required`);
    }
    this.#values = value as Record<string, unknown>;
  }

  get names(): string[] {
    return Object.keys(this.#values);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  /** The field's value as it is; undefined where it is absent. */
  value(name: string): unknown {
    return this.#values[name];
  }

  /** Throws when there is a field besides these. */
  allow(names: readonly string[]): void {
    const unknown = this.names.find((name) => !names.includes(name));
    if (unknown !== undefined) throw this.wrong(unknown, `the fields here are ${names.join(", ")}`);
  }

  /** A string that is not empty; it is required. */
  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== "string" || value === "") throw this.wrong(name, "a string is required");
    return value;
  }

  /** At least one string; it is required. */
  texts(name: string): string[] {
    const value = this.#values[name];
    const right = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
    if (!right) throw this.wrong(name, "a list of strings is required");
    return value;
  }

  object(name: string): Fields {
    return new Fields(this.#file, this.pathOf(name), this.#values[name]);
  }

  /** At least one object; it is required. */
  objects(name: string): Fields[] {
    const value = this.#values[name];
    if (!Array.isArray(value) || value.length === 0) {
      throw this.wrong(name, "a list of at least one object is required");
    }
    return value.map((item, index) => new Fields(this.#file, `${this.pathOf(name)}[${index}]`, item));
  }

  /** Where a field stands: `transports.docker["quay.io/team"]`. */
  pathOf(name: string): string {
    if (!/^\w+$/.test(name)) return `${this.#path}[${JSON.stringify(name)}]`;
    return this.#path ? `${this.#path}.${name}` : name;
  }

  wrong(name: string, reason: string): Error {
    return new Error(`${this.#file}: ${this.pathOf(name)} is ${show(this.#values[name])}: ${reason}`);
  }
}

function show(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
