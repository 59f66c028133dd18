/** Statistics as entries of their lists, encoded; the numbers are those of the fields in api.proto. */
import type {
  ContainerStats,
  CpuUsage,
  FilesystemUsage,
  IoUsage,
  LinuxPodSandboxStats,
  MemoryUsage,
  NetworkInterfaceUsage,
  NetworkUsage,
  PodSandboxStats,
  ProcessUsage,
  PsiData,
  PsiStats,
  SwapUsage,
} from "../cri/messages.ts";
import type { CriDefinitions } from "../cri/proto.ts";
import { MessageWriter } from "./message-writer.ts";

/** A pod's statistics; those of Windows are nobody's here. */
export type PodStats = Pick<PodSandboxStats, "attributes" | "linux">;

/** What says whose the statistics are: a container or a pod. */
type Attributes = NonNullable<ContainerStats["attributes"] | PodSandboxStats["attributes"]>;

interface KnownAttributes {
  attributes: Attributes;
  encoded: Buffer;
}

/** Encodes list responses of one entry each, which concatenate. Attributes, which stay as they are, are encoded once. */
export class StatsEncoder {
  readonly #writer = new MessageWriter();
  readonly #definitions: CriDefinitions["RuntimeService"];
  readonly #known = new WeakMap<object, KnownAttributes>();

  constructor({ RuntimeService }: CriDefinitions) {
    this.#definitions = RuntimeService;
  }

  container(stats: ContainerStats): Buffer {
    this.#writer.clear();
    this.#container(1, stats);
    return this.#writer.bytes;
  }

  sandbox({ attributes, linux }: PodStats): Buffer {
    const writer = this.#writer;
    writer.clear();
    const start = writer.begin(1);
    const { ListPodSandboxStats } = this.#definitions;
    if (attributes) {
      writer.raw(
        this.#encoded(attributes, () => ListPodSandboxStats.responseSerialize({ stats: [{ attributes }] })),
      );
    }
    if (linux) this.#linux(linux);
    writer.end(start);
    return writer.bytes;
  }

  #container(field: number, { attributes, cpu, memory, writableLayer, swap, io }: ContainerStats): void {
    const writer = this.#writer;
    const start = writer.begin(field);
    const { ListContainerStats } = this.#definitions;
    if (attributes) {
      writer.raw(
        this.#encoded(attributes, () => ListContainerStats.responseSerialize({ stats: [{ attributes }] })),
      );
    }
    writeCpu(writer, 2, cpu);
    writeMemory(writer, 3, memory);
    writeFilesystem(writer, 4, writableLayer);
    writeSwap(writer, 5, swap);
    writeIo(writer, 6, io);
    writer.end(start);
  }

  #linux({ cpu, memory, network, process, containers, io }: LinuxPodSandboxStats): void {
    const writer = this.#writer;
    const start = writer.begin(2);
    writeCpu(writer, 1, cpu);
    writeMemory(writer, 2, memory);
    writeNetwork(writer, 3, network);
    writeProcess(writer, 4, process);
    for (const container of containers) this.#container(5, container);
    writeIo(writer, 6, io);
    writer.end(start);
  }

  /** The field of the attributes, out of a list of an entry that has nothing else. */
  #encoded(attributes: Attributes, listOfOne: () => Buffer): Buffer {
    const { metadata, labels, annotations } = attributes;
    const known = this.#known.get(labels);
    const isSame =
      known?.attributes.id === attributes.id &&
      known.attributes.metadata === metadata &&
      known.attributes.annotations === annotations;
    if (known && isSame) return known.encoded;
    const encoded = entryOf(listOfOne());
    this.#known.set(labels, { attributes, encoded });
    return encoded;
  }
}

/** What is in the only entry of a list: after its tag, and the varint of its length. */
function entryOf(list: Buffer): Buffer {
  let start = 1;
  while ((list[start] as number) >= 0x80) start++;
  return list.subarray(start + 1);
}

function writeCpu(writer: MessageWriter, field: number, cpu: CpuUsage | null): void {
  if (!cpu) return;
  const start = writer.begin(field);
  writer.int64(1, cpu.timestamp);
  writer.uint64Value(2, cpu.usageCoreNanoSeconds);
  writer.uint64Value(3, cpu.usageNanoCores);
  writePressure(writer, 4, cpu.psi);
  writer.end(start);
}

function writeMemory(writer: MessageWriter, field: number, memory: MemoryUsage | null): void {
  if (!memory) return;
  const start = writer.begin(field);
  writer.int64(1, memory.timestamp);
  writer.uint64Value(2, memory.workingSetBytes);
  writer.uint64Value(3, memory.availableBytes);
  writer.uint64Value(4, memory.usageBytes);
  writer.uint64Value(5, memory.rssBytes);
  writer.uint64Value(6, memory.pageFaults);
  writer.uint64Value(7, memory.majorPageFaults);
  writePressure(writer, 8, memory.psi);
  writer.end(start);
}

function writeFilesystem(writer: MessageWriter, field: number, usage: FilesystemUsage | null): void {
  if (!usage) return;
  const start = writer.begin(field);
  writer.int64(1, usage.timestamp);
  if (usage.fsId) {
    const id = writer.begin(2);
    writer.string(1, usage.fsId.mountpoint);
    writer.end(id);
  }
  writer.uint64Value(3, usage.usedBytes);
  writer.uint64Value(4, usage.inodesUsed);
  writer.end(start);
}

function writeSwap(writer: MessageWriter, field: number, swap: SwapUsage | null): void {
  if (!swap) return;
  const start = writer.begin(field);
  writer.int64(1, swap.timestamp);
  writer.uint64Value(2, swap.swapAvailableBytes);
  writer.uint64Value(3, swap.swapUsageBytes);
  writer.end(start);
}

function writeIo(writer: MessageWriter, field: number, io: IoUsage | null): void {
  if (!io) return;
  const start = writer.begin(field);
  writer.int64(1, io.timestamp);
  writePressure(writer, 2, io.psi);
  writer.end(start);
}

function writePressure(writer: MessageWriter, field: number, pressure: PsiStats | null): void {
  if (!pressure) return;
  const start = writer.begin(field);
  writePressureLine(writer, 1, pressure.Full);
  writePressureLine(writer, 2, pressure.Some);
  writer.end(start);
}

function writePressureLine(writer: MessageWriter, field: number, line: PsiData | null): void {
  if (!line) return;
  const start = writer.begin(field);
  writer.int64(1, line.Total);
  writer.double(2, line.Avg10);
  writer.double(3, line.Avg60);
  writer.double(4, line.Avg300);
  writer.end(start);
}

function writeNetwork(writer: MessageWriter, field: number, network: NetworkUsage | null): void {
  if (!network) return;
  const start = writer.begin(field);
  writer.int64(1, network.timestamp);
  if (network.defaultInterface) writeInterface(writer, 2, network.defaultInterface);
  for (const one of network.interfaces) writeInterface(writer, 3, one);
  writer.end(start);
}

function writeInterface(writer: MessageWriter, field: number, usage: NetworkInterfaceUsage): void {
  const start = writer.begin(field);
  writer.string(1, usage.name);
  writer.uint64Value(2, usage.rxBytes);
  writer.uint64Value(3, usage.rxErrors);
  writer.uint64Value(4, usage.txBytes);
  writer.uint64Value(5, usage.txErrors);
  writer.end(start);
}

function writeProcess(writer: MessageWriter, field: number, process: ProcessUsage | null): void {
  if (!process) return;
  const start = writer.begin(field);
  writer.int64(1, process.timestamp);
  writer.uint64Value(2, process.processCount);
  writer.end(start);
}
