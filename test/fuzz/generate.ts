/** Random messages of the right form: each field there or not, with values that are plausible or hostile. */
import type { FieldShape, MessageShape } from "../../src/cri/message-shape.ts";
import type { Random } from "../support/random.ts";
import { hostileBytes, hostileNumber } from "./values.ts";
import type { WireField } from "./wire.ts";

/** Values that a field has in requests which are right: without them no random message would get far. */
export type Plausible = (message: string, field: string) => readonly (string | number)[];

export class Generator {
  readonly #random: Random;
  readonly #plausible: Plausible;

  constructor(random: Random, plausible: Plausible) {
    this.#random = random;
    this.#plausible = plausible;
  }

  /** The fields of a message; the deeper it lies, the fewer. */
  message(shape: MessageShape, depth = 0): WireField[] {
    const random = this.#random;
    const share = random.pick([0.05, 0.4, 0.8]) / (1 + depth / 4);
    return [...shape.fields.values()]
      .filter(({ name }) => random.chance(this.#plausible(shape.name, name).length > 0 ? 0.95 : share))
      .flatMap((field) => this.fields(shape, field, depth));
  }

  /** One field, or as many as its list gets. */
  fields(shape: MessageShape, field: FieldShape, depth = 0): WireField[] {
    return Array.from({ length: this.#count(field) }, () => this.#field(shape, field, depth));
  }

  #count({ repeated, message }: FieldShape): number {
    if (!repeated) return 1;
    if (this.#random.chance(0.005)) return this.#random.below(message ? 500 : 5000);
    return this.#random.below(4);
  }

  #field(shape: MessageShape, { number, name, type, message }: FieldShape, depth: number): WireField {
    if (message) return { number, wireType: 2, value: this.message(message, depth + 1) };
    const random = this.#random;
    const known = this.#plausible(shape.name, name);
    const plausible = known.length > 0 && random.chance(0.9) ? random.pick(known) : undefined;
    if (type === "string" || type === "bytes") {
      const value = plausible === undefined ? hostileBytes(random) : Buffer.from(String(plausible));
      return { number, wireType: 2, value };
    }
    if (type === "double") return { number, wireType: 1, value: random.bytes(8).readBigUInt64LE() };
    if (typeof plausible === "number") return { number, wireType: 0, value: BigInt(plausible) };
    const few = type === "enum" || type === "bool";
    return {
      number,
      wireType: 0,
      value: few && random.chance(0.8) ? BigInt(random.below(4)) : hostileNumber(random),
    };
  }
}
