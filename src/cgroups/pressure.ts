/** Pressure stall information: how long tasks of a cgroup waited for a processor, memory or the disk. */
import type { PsiData, PsiStats } from "../cri/messages.ts";
import { readFigure } from "./files.ts";

/** The pressure of `resource` in a cgroup2 folder; undefined where there is none or the kernel does not count it. */
export function readPressure(
  folder: string | undefined,
  resource: "cpu" | "memory" | "io",
): PsiStats | undefined {
  const text = folder && readFigure(folder, `${resource}.pressure`);
  return text ? parsePressure(text) : undefined;
}

/** The two lines of a pressure file as the CRI has them, their totals in nanoseconds. */
export function parsePressure(text: string): PsiStats {
  return { Some: parseLine(text, some), Full: parseLine(text, full) };
}

const some = /^some avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)/m;
const full = /^full avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)/m;

function parseLine(text: string, pattern: RegExp): PsiData | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const [, avg10, avg60, avg300, microseconds] = match;
  return {
    Avg10: Number(avg10),
    Avg60: Number(avg60),
    Avg300: Number(avg300),
    Total: Number(microseconds) * 1000,
  };
}
