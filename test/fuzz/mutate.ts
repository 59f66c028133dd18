/** Messages that were right once: a field changed, dropped, doubled or exchanged, or the bytes themselves spoilt. */
import type { FieldShape, MessageShape } from "../../src/cri/message-shape.ts";
import type { Random } from "../support/random.ts";
import type { Generator } from "./generate.ts";
import { hostileBytes, hostileNumber } from "./values.ts";
import { encodeFields, varint, type WireField } from "./wire.ts";

/** A field within the message that has it. */
interface Place {
  shape: MessageShape | undefined;
  fields: WireField[];
  at: number;
}

export class Mutator {
  readonly #random: Random;
  readonly #generator: Generator;

  constructor(random: Random, generator: Generator) {
    this.#random = random;
    this.#generator = generator;
  }

  /** The bytes of a message of one to four changes; `fields` are changed themselves. Some are no message any more. */
  mutated(shape: MessageShape, fields: WireField[]): Buffer {
    const random = this.#random;
    const most = Math.min(4, Math.ceil(placesIn(shape, fields).length / 4));
    for (let changes = 1 + random.below(most || 1); changes > 0; changes--) this.#change(shape, fields);
    if (random.chance(0.1)) this.#misencode(shape, fields);
    const bytes = encodeFields(fields);
    return random.chance(0.1) ? this.#spoilt(bytes) : bytes;
  }

  /** Another message of the same shape. */
  #change(shape: MessageShape, fields: WireField[]): void {
    const random = this.#random;
    const places = placesIn(shape, fields);
    if (places.length === 0 || random.chance(0.3)) {
      this.#add(shape, fields);
      return;
    }
    const place = random.pick(places);
    const field = place.fields[place.at]!;
    const changes: (() => void)[] = [
      () => this.#revalue(field),
      () => this.#revalue(field),
      () => this.#revalue(field),
      () => place.fields.splice(place.at, 1),
      () => place.fields.push(copied(field)),
      () => swap(field, random.pick(places)),
      () => this.#add(place.shape, place.fields),
      () => this.#add(place.shape, place.fields),
    ];
    random.pick(changes)();
  }

  /** A field of another number, type or length than it has. */
  #misencode(shape: MessageShape, fields: WireField[]): void {
    const random = this.#random;
    const places = placesIn(shape, fields);
    if (places.length === 0) return;
    const place = random.pick(places);
    const field = place.fields[place.at]!;
    const changes: (() => void)[] = [
      () => {
        field.number = random.pick([0, 1, 2, 19_000, 536_870_911, random.below(40)]);
      },
      () => {
        field.wireType = random.below(8);
      },
      () => {
        field.length = random.pick([0, 1, 127, 128, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 40]);
      },
    ];
    random.pick(changes)();
  }

  #revalue(field: WireField): void {
    const random = this.#random;
    const { value } = field;
    if (typeof value === "bigint") field.value = hostileNumber(random);
    else if (Buffer.isBuffer(value) && random.chance(0.4)) field.value = this.#spoilt(value);
    else if (Buffer.isBuffer(value)) field.value = hostileBytes(random);
  }

  #add(shape: MessageShape | undefined, fields: WireField[]): void {
    const random = this.#random;
    const known: FieldShape[] = [...(shape?.fields.values() ?? [])];
    if (shape && known.length > 0 && random.chance(0.8)) {
      fields.push(...this.#generator.fields(shape, random.pick(known), 1));
      return;
    }
    const number = random.pick([99, 1000, 536_870_911]);
    fields.splice(random.below(fields.length + 1), 0, { number, wireType: 2, value: hostileBytes(random) });
  }

  /** Bytes cut, turned, left out or put in. */
  #spoilt(bytes: Buffer): Buffer {
    const random = this.#random;
    const at = random.below(bytes.length + 1);
    const rest = bytes.subarray(Math.min(bytes.length, at + 1 + random.below(4)));
    const added = random.pick([random.bytes(1 + random.below(8)), varint(hostileNumber(random))]);
    return random.pick([
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), rest]),
      () => Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]),
      () => Buffer.concat([bytes.subarray(0, at), added, rest]),
      () => Buffer.concat([bytes, bytes]),
    ])();
  }
}

function placesIn(shape: MessageShape | undefined, fields: WireField[]): Place[] {
  return fields.flatMap((field, at) => {
    const inner = shape?.fields.get(field.number)?.message;
    const below = Array.isArray(field.value) ? placesIn(inner, field.value) : [];
    return [{ shape, fields, at }, ...below];
  });
}

/** Exchanges the values of two fields; one of them may hold the other, which is then left alone. */
function swap(field: WireField, { fields, at }: Place): void {
  const other = fields[at]!;
  if (Array.isArray(field.value) || Array.isArray(other.value)) return;
  [field.value, other.value] = [other.value, field.value];
  [field.wireType, other.wireType] = [other.wireType, field.wireType];
}

function copied(field: WireField): WireField {
  const { value } = field;
  return { ...field, value: Array.isArray(value) ? value.map(copied) : value };
}
