/** What the CRI's messages look like on the wire: their fields by number. */

/** Types of fields that the CRI has, by their names in descriptor.proto. */
export type FieldType =
  | "string"
  | "bytes"
  | "bool"
  | "double"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "enum"
  | "message";

export interface FieldShape {
  /** As in the .proto: `log_directory`. */
  name: string;
  number: number;
  type: FieldType;
  repeated: boolean;
  /** Whether its messages are the entries of a map: 1 is the key, 2 the value. */
  isMap: boolean;
  /** Of a field of type message, which may be the message that has it. */
  readonly message: MessageShape | undefined;
}

export interface MessageShape {
  name: string;
  fields: ReadonlyMap<number, FieldShape>;
}

/** What @grpc/proto-loader tells of a message (descriptor.proto's DescriptorProto, as an object). */
interface Descriptor {
  name: string;
  field: { name: string; number: number; label: string; type: string; typeName: string }[];
  nestedType: Descriptor[];
  options: { mapEntry: boolean } | null;
}

/** Shapes of the messages in a package that @grpc/proto-loader has loaded; `prefix` is its name and a dot. */
export class MessageShapes {
  readonly #loaded: Record<string, unknown>;
  readonly #prefix: string;
  readonly #shapes = new Map<Descriptor, MessageShape>();

  constructor(loaded: Record<string, unknown>, prefix: string) {
    this.#loaded = loaded;
    this.#prefix = prefix;
  }

  /** The shape of the message `name`, without the package's. */
  get(name: string): MessageShape {
    return this.#shape(this.#descriptor(name));
  }

  #descriptor(name: string): Descriptor {
    return (this.#loaded[this.#prefix + name] as { type: Descriptor }).type;
  }

  #shape(descriptor: Descriptor): MessageShape {
    const known = this.#shapes.get(descriptor);
    if (known) return known;
    const fields = new Map<number, FieldShape>();
    const shape = { name: descriptor.name, fields };
    // Before its fields: one of them may be of the same message.
    this.#shapes.set(descriptor, shape);
    for (const field of descriptor.field) fields.set(field.number, this.#field(descriptor, field));
    return shape;
  }

  #field({ nestedType }: Descriptor, field: Descriptor["field"][number]): FieldShape {
    const { number, typeName } = field;
    const type = field.type.replace("TYPE_", "").toLowerCase() as FieldType;
    const nested = nestedType.find(({ name }) => name === typeName);
    const held = nested ?? (type === "message" ? this.#descriptor(typeName) : undefined);
    return {
      name: protoName(field.name),
      number,
      type,
      repeated: field.label === "LABEL_REPEATED",
      isMap: nested?.options?.mapEntry ?? false,
      message: held && this.#shape(held),
    };
  }
}

/** `logDirectory` → `log_directory`. */
export function protoName(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
