/** The file of block I/O classes (crio.conf's `blockio_config_file`), in the form that CRI-O and containerd share. */
import { listOf, mapOf, object, type Reader, text } from "../../config/document.ts";

/** What containers of a class may do; later entries go before earlier ones. */
export interface ClassEntry {
  /** Paths of block devices, with wildcards; without any the weight is the one of all devices. */
  Devices?: string[];
  /** 10 to 1000, for the schedulers that know weights (bfq). */
  Weight?: number;
  ThrottleReadBps?: number;
  ThrottleWriteBps?: number;
  ThrottleReadIOPS?: number;
  ThrottleWriteIOPS?: number;
}

export interface BlockioDocument {
  Classes: Record<string, ClassEntry[]>;
}

const multiples: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
for (const [index, unit] of ["Ki", "Mi", "Gi", "Ti", "Pi"].entries()) multiples[unit] = 1024 ** (index + 1);

/** A whole number from `least` to `most`, which may have Kubernetes' suffixes: `50M`, `10k`, `1Gi`. */
function quantity(least: number, most: number): Reader<number> {
  const accepts = (value: string) => parseQuantity(value) >= least && parseQuantity(value) <= most;
  const written = text(accepts, `a quantity such as "50M", from ${least} to ${most}`);
  return (value, place) => parseQuantity(written(typeof value === "number" ? String(value) : value, place));
}

function parseQuantity(value: string): number {
  const [, digits, unit = ""] = /^(\d+)([kMGTP]|[KMGTP]i)?$/.exec(value) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (multiples[unit] ?? 1);
}

const rate = quantity(0, Number.MAX_SAFE_INTEGER);

/** Reads the parsed file. Throws DocumentError. */
export const readBlockioDocument: Reader<BlockioDocument> = object<BlockioDocument>(
  {
    Classes: mapOf(
      listOf(
        object<ClassEntry>({
          Devices: listOf(text((path) => path.startsWith("/dev/"), "a path below /dev")),
          Weight: quantity(10, 1000),
          ThrottleReadBps: rate,
          ThrottleWriteBps: rate,
          ThrottleReadIOPS: rate,
          ThrottleWriteIOPS: rate,
        }),
      ),
    ),
  },
  { required: ["Classes"] },
);
